//! The command line: arguments, their defaults, and the exit code.

mod parse;
mod args;

use std::io::{self, IsTerminal, Write};
use std::num::NonZero;
use std::process::ExitCode;

use clap::Parser;
use jiff::civil::Date;

use crate::cli::args::{
    CheckArgs, CheckFormatArg, Cli, Command, ExplainArgs, FailOn, ForecastArgs, HealthArgs, InitArgs, LimitArgs,
    LogFormatArg, LogLevelArg, ServeArgs, SetArgs,
};
use crate::clock;
use crate::command::as_of::AsOf;
use crate::command::check;
use crate::command::check::{CheckOptions, CheckOutcome};
use crate::command::compare::CompareOptions;
use crate::command::explain;
use crate::command::explain::ExplainOptions;
use crate::command::forecast;
use crate::command::forecast::ForecastCommand;
use crate::command::health;
use crate::command::init;
use crate::command::init::InitOptions;
use crate::command::serve;
use crate::command::serve::Listen;
use crate::command::set;
use crate::command::set::SetOptions;
use crate::finding::Severity;
use crate::finding::print::ReportFormat;
use crate::format::schema;
use crate::log;
use crate::metrics::self_metrics::ExporterMetrics;
use crate::snapshot::StoreOptions;
use crate::source::ReadLimits;

/// Columns of the timeline that `forecast` draws.
const TIMELINE_WIDTH: usize = 100;

/// Parses the arguments of the process and runs the command.
///
/// The exit code is 0 for success, 1 for findings or a failed health request, and 2 for errors.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(cli.command) {
        Ok(code) => code,
        // The reader, such as `head`, has seen enough.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => report_error(&error, CheckOutcome::COULD_NOT_RUN),
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let kind = |cause: &(dyn std::error::Error + 'static)| cause.downcast_ref::<io::Error>().map(io::Error::kind);
    error.chain().any(|cause| kind(cause) == Some(io::ErrorKind::BrokenPipe))
}

fn report_error(error: &anyhow::Error, code: u8) -> ExitCode {
    // There is no other place to report an error of standard error.
    let _ = writeln!(io::stderr(), "error: {error:#}");
    ExitCode::from(code)
}

fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Serve(args) => serve::run(args.options()?).map(|()| ExitCode::SUCCESS),
        Command::Check(args) => run_check(args),
        Command::Forecast(args) => run_forecast(args).map(|()| ExitCode::SUCCESS),
        Command::Explain(args) => run_explain(args).map(|()| ExitCode::SUCCESS),
        Command::Init(args) => run_init(args).map(|()| ExitCode::SUCCESS),
        Command::Set(args) => run_set(args).map(|()| ExitCode::SUCCESS),
        Command::Schema => write_out(&schema::text()).map(|()| ExitCode::SUCCESS),
        Command::Health(args) => Ok(run_health(args)),
    }
}

fn run_check(args: CheckArgs) -> anyhow::Result<ExitCode> {
    let against = args.against.map(|name| CompareOptions {
        name,
        fail_if_worse: args.fail_if_worse,
        draws: args.simulation.draws,
    });
    let options = CheckOptions {
        limits: args.limits.limits(),
        paths: args.paths,
        format: args.format.format(),
        fail_on: args.fail_on.severity(),
        as_of: as_of(args.at),
        colour: use_colour(),
        against,
    };
    let outcome = check::run(&options, &mut io::stdin().lock(), &mut io::stdout().lock(), &mut io::stderr().lock())?;
    Ok(ExitCode::from(outcome.exit_code()))
}

fn run_forecast(args: ForecastArgs) -> anyhow::Result<()> {
    let options = ForecastCommand {
        path: args.path,
        as_of: as_of(args.at),
        draws: args.simulation.draws,
        what_if: args.what_if,
        format: args.format,
        colour: use_colour(),
        width: TIMELINE_WIDTH,
        limits: args.limits.limits(),
    };
    forecast::run(&options, &mut io::stdin().lock(), &mut io::stdout().lock())
}

fn run_explain(args: ExplainArgs) -> anyhow::Result<()> {
    let options = ExplainOptions {
        path: args.path,
        milestone: args.milestone,
        as_of: as_of(args.at),
        draws: args.simulation.draws,
        colour: use_colour(),
        limits: args.limits.limits(),
    };
    let mut progress: Box<dyn Write> =
        if io::stderr().is_terminal() { Box::new(io::stderr()) } else { Box::new(io::sink()) };
    explain::run(&options, &mut io::stdin().lock(), &mut io::stdout().lock(), &mut progress)
}

fn run_init(args: InitArgs) -> anyhow::Result<()> {
    init::run(&InitOptions { path: args.path, now: clock::now() }, &mut io::stdout().lock())
}

fn run_set(args: SetArgs) -> anyhow::Result<()> {
    let options = SetOptions {
        path: args.path,
        assignments: args.assignments,
        as_of: as_of(args.at),
        dry_run: args.dry_run,
        colour: use_colour(),
        limits: args.limits.limits(),
    };
    set::run(&options, &mut io::stdout().lock(), &mut io::stderr().lock())
}

/// Every failure has exit code 1: probes distinguish only success and failure.
fn run_health(args: HealthArgs) -> ExitCode {
    let options = health::HealthOptions { url: args.url, timeout: args.timeout };
    health::run(&options).map_or_else(|error| report_error(&error, 1), |()| ExitCode::SUCCESS)
}

/// See <https://no-color.org>.
fn use_colour() -> bool {
    io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none()
}

fn as_of(day: Option<Date>) -> AsOf {
    day.map_or_else(|| AsOf::Moment(clock::now()), AsOf::Day)
}

/// Writes to standard output. A closed pipe is not an error.
fn write_out(text: &str) -> anyhow::Result<()> {
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

impl ServeArgs {
    fn options(self) -> anyhow::Result<serve::ServeOptions> {
        Ok(serve::ServeOptions {
            paths: self.paths,
            listen: if self.systemd_socket {
                Listen::Systemd
            } else {
                Listen::Addresses(self.listen.iter().map(|text| parse::address(text)).collect::<Result<_, _>>()?)
            },
            web_config: self.web_config,
            probe_listen: self.probe_listen.as_deref().map(parse::address).transpose()?,
            telemetry_path: self.telemetry_path,
            max_requests: NonZero::new(self.max_requests),
            exporter_metrics: if self.disable_exporter_metrics {
                ExporterMetrics::Disabled
            } else {
                ExporterMetrics::Enabled
            },
            poll_interval: self.interval,
            store: StoreOptions {
                limits: self.limits.limits(),
                tasks: self.tasks,
                max_series: NonZero::new(self.max_series),
                draws: self.simulation.draws,
                shard: self.shard,
            },
            log: (self.level.level(), self.format.format()),
        })
    }
}

impl LimitArgs {
    fn limits(&self) -> ReadLimits {
        ReadLimits { file_size: self.file_size }
    }
}

impl CheckFormatArg {
    fn format(self) -> ReportFormat {
        match self {
            Self::Human => ReportFormat::Human,
            Self::Json => ReportFormat::Json,
            Self::Github => ReportFormat::Github,
        }
    }
}

impl FailOn {
    fn severity(self) -> Severity {
        match self {
            Self::Error => Severity::Error,
            Self::Warning => Severity::Warning,
        }
    }
}

impl LogLevelArg {
    fn level(self) -> tracing::Level {
        match self {
            Self::Debug => tracing::Level::DEBUG,
            Self::Info => tracing::Level::INFO,
            Self::Warn => tracing::Level::WARN,
            Self::Error => tracing::Level::ERROR,
        }
    }
}

impl LogFormatArg {
    fn format(self) -> log::LogEncoding {
        match self {
            Self::Logfmt => log::LogEncoding::Logfmt,
            Self::Json => log::LogEncoding::Json,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn clap_accepts_the_definitions() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_version_has_the_format_of_prometheus() {
        let version = Cli::command().render_version();
        let start = concat!("readiness-exporter, version ", env!("CARGO_PKG_VERSION"), " (branch: ");
        assert!(version.starts_with(start), "{version}");
    }
}
