//! The command line: every flag and its default, and the way from an outcome to an exit code.

use std::io::{self, IsTerminal, Write};
use std::net::{SocketAddr, ToSocketAddrs};
use std::num::NonZero;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::LazyLock;
use std::time::Duration;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};
use hyper::Uri;
use jiff::civil::Date;

use crate::clock;
use crate::command::against::Against;
use crate::command::at::At;
use crate::command::check;
use crate::command::explain;
use crate::command::forecast;
use crate::command::health;
use crate::command::serve;
use crate::command::serve::Listen;
use crate::finding::Severity;
use crate::finding::print::ReportFormat;
use crate::format::schema;
use crate::log;
use crate::metrics::self_metrics::ExporterMetrics;
use crate::quantity::Ratio;
use crate::scalar::ScalarFormat;
use crate::schedule::forecast::DRAWS;
use crate::snapshot::shard::Shard;
use crate::snapshot::store::StoreOptions;
use crate::source::ReadLimits;

/// Production readiness, kept as YAML in Git, served as Prometheus metrics.
#[derive(Debug, Parser)]
#[command(name = "readiness-exporter", display_name = "readiness-exporter,", version = VERSION.as_str(), max_term_width = 100, disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// The version as Prometheus' programs tell it, after their name and a comma; whoever builds tells the rest.
static VERSION: LazyLock<String> = LazyLock::new(|| {
    let branch = option_env!("READINESS_EXPORTER_BRANCH").unwrap_or("unknown");
    let revision = option_env!("READINESS_EXPORTER_REVISION").unwrap_or("unknown");
    let rust = option_env!("READINESS_EXPORTER_RUSTVERSION").unwrap_or("unknown");
    let (version, os, arch) = (env!("CARGO_PKG_VERSION"), std::env::consts::OS, std::env::consts::ARCH);
    format!(
        "version {version} (branch: {branch}, revision: {revision})\n  rust version: {rust}\n  platform: {os}/{arch}"
    )
});

#[derive(Debug, Subcommand)]
enum Command {
    /// Watch readiness files and serve them as metrics
    Serve(Box<ServeArgs>),
    /// Look for errors and contradictions in readiness files
    ///
    /// Exit code 0: nothing found. 1: findings at or above --fail-on. 2: couldn't run.
    Check(CheckArgs),
    /// Tell when each milestone will be reached
    Forecast(ForecastArgs),
    /// Tell what decides when a milestone is reached, and what would help
    Explain(ExplainArgs),
    /// Print the JSON Schema of readiness files
    Schema,
    /// Ask a server for its health, where there is no curl
    ///
    /// Exit code 0: it answers with a status of 2xx. 1: it doesn't.
    Health(HealthArgs),
}

#[derive(Debug, Args)]
struct ServeArgs {
    /// Readiness files, and directories of them (every *.yaml and *.yml below)
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,

    /// Address to listen on for metrics and the page; repeatable
    #[arg(long = "web.listen-address", value_name = "ADDRESS", default_value = ":20430")]
    listen: Vec<String>,

    /// Listen on the sockets that systemd opened, instead of --web.listen-address
    #[arg(long = "web.systemd-socket")]
    systemd_socket: bool,

    /// File with TLS, passwords and headers, in the format of Prometheus' exporters; read anew when it changes
    #[arg(long = "web.config.file", value_name = "PATH")]
    web_config: Option<PathBuf>,

    /// Path under which metrics are served
    #[arg(long = "web.telemetry-path", value_name = "PATH", default_value = "/metrics", value_parser = telemetry_path)]
    telemetry_path: String,

    /// How many scrapes may be served at the same time. 0 is no limit
    #[arg(long = "web.max-requests", value_name = "N", default_value = "40")]
    max_requests: u32,

    /// Leave out metrics about the exporter itself (process_*, promhttp_*)
    #[arg(long = "web.disable-exporter-metrics")]
    disable_exporter_metrics: bool,

    /// Address on which only /-/healthy and /-/ready are served, for probes
    #[arg(long = "probe.listen-address", value_name = "ADDRESS")]
    probe_listen: Option<String>,

    /// How often to look at the files when nothing tells of a change
    #[arg(long = "watch.interval", value_name = "DURATION", default_value = "30s", value_parser = duration)]
    interval: Duration,

    /// Whether to serve series for single tasks
    #[arg(long = "metrics.tasks", value_name = "BOOL", default_value_t = true, action = ArgAction::Set,
          num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    tasks: bool,

    /// How many readiness series to serve at most; task series are left out first. 0 is no limit
    #[arg(long = "metrics.max-series", value_name = "N", default_value_t = 0)]
    max_series: usize,

    /// Serve only the projects whose hash falls to shard I of N; shards are counted from 0
    #[arg(long, value_name = "I/N", default_value_t)]
    shard: Shard,

    #[command(flatten)]
    simulation: SimulationArgs,

    #[command(flatten)]
    limits: LimitArgs,

    /// Only log messages with the given severity or above
    #[arg(long = "log.level", value_name = "LEVEL", default_value = "info")]
    level: Level,

    /// Output format of log messages
    #[arg(long = "log.format", value_name = "FORMAT", default_value = "logfmt")]
    format: LogFormat,
}

#[derive(Debug, Args)]
struct LimitArgs {
    /// How large a file may be, in bytes or with KiB, MiB or GiB
    #[arg(long = "limits.file-size", value_name = "SIZE", default_value = "16MiB", value_parser = size)]
    file_size: u64,
}

#[derive(Debug, Args)]
struct CheckArgs {
    /// Readiness files, directories of them, or - for standard input
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,

    /// How findings are printed
    #[arg(long, default_value = "human")]
    format: CheckFormat,

    /// From which severity on findings make the exit code 1
    #[arg(long, value_name = "SEVERITY", default_value = "error")]
    fail_on: FailOn,

    /// The day as of which reviews are overdue and waivers run out; today unless given
    #[arg(long, value_name = "DATE", value_parser = date)]
    at: Option<Date>,

    /// Also tell how the forecasts differ from those of another file, or of a Git revision
    #[arg(long, value_name = "FILE_OR_REV")]
    against: Option<String>,

    /// Exit code 1 where a milestone is less likely to be in time than before by more than this
    #[arg(long, value_name = "PERCENT", requires = "against", value_parser = percentage)]
    fail_if_worse: Option<Ratio>,

    #[command(flatten)]
    simulation: SimulationArgs,

    #[command(flatten)]
    limits: LimitArgs,
}

#[derive(Debug, Args)]
struct SimulationArgs {
    /// How many simulated runs a forecast is made of
    #[arg(long = "forecast.draws", value_name = "N", default_value_t = DRAWS, value_parser = draws)]
    draws: NonZero<u32>,
}

#[derive(Debug, Args)]
struct ForecastArgs {
    /// The readiness file
    #[arg(value_name = "PATH")]
    path: PathBuf,

    /// Also forecast with a change: ITEM=+2w (later), =-1w (sooner), =4-6w (another estimate) or =done; repeatable
    #[arg(long, value_name = "ITEM=CHANGE")]
    what_if: Vec<String>,

    /// The day as of which it is forecast; today unless given
    #[arg(long, value_name = "DATE", value_parser = date)]
    at: Option<Date>,

    /// How the forecast is printed
    #[arg(long, default_value = "human")]
    format: ForecastFormat,

    #[command(flatten)]
    simulation: SimulationArgs,

    #[command(flatten)]
    limits: LimitArgs,
}

#[derive(Debug, Args)]
struct ExplainArgs {
    /// The readiness file
    #[arg(value_name = "PATH")]
    path: PathBuf,

    /// The milestone's id
    #[arg(value_name = "MILESTONE")]
    milestone: String,

    /// The day as of which it is forecast; today unless given
    #[arg(long, value_name = "DATE", value_parser = date)]
    at: Option<Date>,

    #[command(flatten)]
    simulation: SimulationArgs,

    #[command(flatten)]
    limits: LimitArgs,
}

#[derive(Debug, Args)]
struct HealthArgs {
    /// Where to ask, over http: the address for probes has neither TLS nor passwords
    #[arg(value_name = "URL", value_parser = health::url)]
    url: Uri,

    /// How long the answer may take
    #[arg(long, value_name = "DURATION", default_value = "5s", value_parser = duration)]
    timeout: Duration,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ForecastFormat {
    /// A table and a small timeline, for people
    Human,
    /// One JSON document
    Json,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum CheckFormat {
    /// Source lines with carets, for people
    Human,
    /// One JSON document
    Json,
    /// Annotations of GitHub Actions
    Github,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum FailOn {
    Error,
    Warning,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Level {
    Debug,
    Info,
    Warn,
    Error,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum LogFormat {
    Logfmt,
    Json,
}

/// Runs what the arguments ask for.
///
/// The exit code is 0 for success, 1 for findings, and 2 where it couldn't run.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(cli.command) {
        Ok(code) => code,
        Err(error) => failed(&error, check::Outcome::COULD_NOT_RUN),
    }
}

fn failed(error: &anyhow::Error, code: u8) -> ExitCode {
    // Nothing is left to be told if this fails, too.
    let _ = writeln!(io::stderr(), "error: {error:#}");
    ExitCode::from(code)
}

fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Serve(args) => serve::run(args.options()?).map(|()| ExitCode::SUCCESS),
        Command::Check(args) => run_check(args),
        Command::Forecast(args) => run_forecast(args).map(|()| ExitCode::SUCCESS),
        Command::Explain(args) => run_explain(args).map(|()| ExitCode::SUCCESS),
        Command::Schema => write_out(&schema::text()).map(|()| ExitCode::SUCCESS),
        Command::Health(args) => Ok(run_health(args)),
    }
}

fn run_check(args: CheckArgs) -> anyhow::Result<ExitCode> {
    let against =
        args.against.map(|name| Against { name, fail_if_worse: args.fail_if_worse, draws: args.simulation.draws });
    let options = check::Options {
        limits: args.limits.limits(),
        paths: args.paths,
        format: args.format.format(),
        fail_on: args.fail_on.severity(),
        at: at(args.at),
        colour: colour(),
        against,
    };
    let outcome = check::run(&options, &mut io::stdin().lock(), &mut io::stdout().lock())?;
    Ok(ExitCode::from(outcome.exit_code()))
}

fn run_forecast(args: ForecastArgs) -> anyhow::Result<()> {
    let options = forecast::Options {
        path: args.path,
        at: at(args.at),
        draws: args.simulation.draws,
        what_if: args.what_if,
        format: args.format.format(),
        colour: colour(),
        width: 100,
        limits: args.limits.limits(),
    };
    forecast::run(&options, &mut io::stdout().lock())
}

fn run_explain(args: ExplainArgs) -> anyhow::Result<()> {
    let options = explain::Options {
        path: args.path,
        milestone: args.milestone,
        at: at(args.at),
        draws: args.simulation.draws,
        colour: colour(),
        limits: args.limits.limits(),
    };
    let mut progress: Box<dyn Write> =
        if io::stderr().is_terminal() { Box::new(io::stderr()) } else { Box::new(io::sink()) };
    explain::run(&options, &mut io::stdout().lock(), &mut progress)
}

/// A server that isn't well is an outcome, and the only one beside success.
fn run_health(args: HealthArgs) -> ExitCode {
    let options = health::HealthOptions { url: args.url, timeout: args.timeout };
    health::run(&options).map_or_else(|error| failed(&error, 1), |()| ExitCode::SUCCESS)
}

/// Whether people look on, and like colours.
fn colour() -> bool {
    io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none()
}

fn at(day: Option<Date>) -> At {
    day.map_or_else(|| At::Moment(clock::now()), At::Day)
}

/// Writes to standard output; a reader that has seen enough is no failure.
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
                Listen::On(self.listen.iter().map(|text| address(text)).collect::<Result<_, _>>()?)
            },
            web_config: self.web_config,
            probe_listen: self.probe_listen.as_deref().map(address).transpose()?,
            telemetry_path: self.telemetry_path,
            max_requests: NonZero::new(self.max_requests),
            exporter_metrics: if self.disable_exporter_metrics {
                ExporterMetrics::Disabled
            } else {
                ExporterMetrics::Enabled
            },
            interval: self.interval,
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

impl CheckFormat {
    fn format(self) -> ReportFormat {
        match self {
            Self::Human => ReportFormat::Human,
            Self::Json => ReportFormat::Json,
            Self::Github => ReportFormat::Github,
        }
    }
}

impl ForecastFormat {
    fn format(self) -> forecast::Format {
        match self {
            Self::Human => forecast::Format::Human,
            Self::Json => forecast::Format::Json,
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

impl Level {
    fn level(self) -> tracing::Level {
        match self {
            Self::Debug => tracing::Level::DEBUG,
            Self::Info => tracing::Level::INFO,
            Self::Warn => tracing::Level::WARN,
            Self::Error => tracing::Level::ERROR,
        }
    }
}

impl LogFormat {
    fn format(self) -> log::LogEncoding {
        match self {
            Self::Logfmt => log::LogEncoding::Logfmt,
            Self::Json => log::LogEncoding::Json,
        }
    }
}

/// An address as Go's programs take it: `:20430` is every address of the machine.
fn address(text: &str) -> anyhow::Result<SocketAddr> {
    let all = text.strip_prefix(':').map(|port| format!("[::]:{port}"));
    let resolved = all.as_deref().unwrap_or(text).to_socket_addrs();
    let first = resolved.ok().and_then(|mut addresses| addresses.next());
    first.ok_or_else(|| anyhow::anyhow!("`{text}` is no address to listen on: write `:20430` or `127.0.0.1:20430`"))
}

fn telemetry_path(text: &str) -> Result<String, String> {
    let taken = ["/", "/-/healthy", "/-/ready", "/-/reload"];
    if text.starts_with('/') && !taken.contains(&text) && !text.contains(['?', '#', ' ']) {
        return Ok(text.to_owned());
    }
    Err("write a path such as `/metrics`, other than those of the page, health and reload".to_owned())
}

/// A duration as Prometheus writes it: `30s`, `1m30s`, `500ms`.
fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is no duration: write a number with a unit, such as `30s`, `5m` or `1h`");
    let parsed: jiff::SignedDuration = text.parse().map_err(|_| wrong())?;
    let duration = Duration::try_from(parsed).map_err(|_| wrong())?;
    if duration < Duration::from_millis(10) {
        return Err(format!("`{text}` is too short: 10ms is the least"));
    }
    Ok(duration)
}

/// A size in bytes, or with a binary unit.
fn size(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let unit = match &text[digits.len()..] {
        "" | "B" => 1,
        "KiB" | "K" => 1 << 10,
        "MiB" | "M" => 1 << 20,
        "GiB" | "G" => 1 << 30,
        _ => 0,
    };
    let size = digits.parse::<u64>().ok().and_then(|number| number.checked_mul(unit)).filter(|size| *size > 0);
    size.ok_or_else(|| format!("`{text}` is no size: write bytes, or a unit as in `16MiB`"))
}

/// A million runs take seconds and tens of megabytes; more would tell nothing more.
fn draws(text: &str) -> Result<NonZero<u32>, String> {
    let most = 1_000_000;
    let draws = text.parse().ok().filter(|draws: &NonZero<u32>| draws.get() <= most);
    draws.ok_or_else(|| format!("write a number from 1 to {most}"))
}

fn percentage(text: &str) -> Result<Ratio, String> {
    let sign = if text.ends_with('%') { "" } else { "%" };
    Ratio::parse(&format!("{text}{sign}")).map_err(|mistake| mistake.message)
}

fn date(text: &str) -> Result<Date, String> {
    Date::parse(text).map_err(|mistake| mistake.message)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_flags_fit_together() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_version_reads_as_that_of_prometheus() {
        let version = Cli::command().render_version();
        let start = concat!("readiness-exporter, version ", env!("CARGO_PKG_VERSION"), " (branch: ");
        assert!(version.starts_with(start), "{version}");
    }

    #[test]
    fn addresses_are_as_go_takes_them() {
        let address = |text| address(text).map(|it| it.to_string()).map_err(|error| error.to_string());
        assert_eq!(address(":20430").as_deref(), Ok("[::]:20430"));
        assert_eq!(address("127.0.0.1:9100").as_deref(), Ok("127.0.0.1:9100"));
        assert_eq!(address("[::1]:9100").as_deref(), Ok("[::1]:9100"));
        assert!(address("localhost:9100").is_ok_and(|it| it.ends_with(":9100")));
        for wrong in ["", ":", ":70000", "9100", "127.0.0.1", "::1"] {
            assert!(address(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn durations_and_sizes_have_units() {
        assert_eq!(duration("1m30s"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!((size("16MiB"), size("512KiB"), size("1048576")), (Ok(16 << 20), Ok(512 << 10), Ok(1 << 20)));
        for wrong in ["", "30", "-1s", "1x", "soon"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
        for wrong in ["", "0", "-1", "16MB", "1.5MiB", "99999999999GiB"] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
    }
}
