//! The arguments of the command line, and their defaults.

use std::num::NonZero;
use std::path::PathBuf;
use std::sync::LazyLock;
use std::time::Duration;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};
use hyper::Uri;
use jiff::civil::Date;

use crate::cli::parse;
use crate::command::forecast::ForecastFormat;
use crate::command::health;
use crate::quantity::Ratio;
use crate::schedule::forecast::DRAWS;
use crate::snapshot::shard::Shard;

/// Prometheus exporter for production readiness reports, which are kept as YAML in Git
#[derive(Debug, Parser)]
#[command(name = "readiness-exporter", display_name = "readiness-exporter,", version = VERSION.as_str(), max_term_width = 100, disable_help_subcommand = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The version in the format of Prometheus' programs. Release builds set the variables.
static VERSION: LazyLock<String> = LazyLock::new(|| {
    let branch = option_env!("READINESS_EXPORTER_BRANCH").unwrap_or("unknown");
    let revision = option_env!("READINESS_EXPORTER_REVISION").unwrap_or("unknown");
    let rust = option_env!("READINESS_EXPORTER_RUSTVERSION").unwrap_or("unknown");
    let (version, os, arch) = (env!("CARGO_PKG_VERSION"), std::env::consts::OS, std::env::consts::ARCH);
    format!(
        "version {version} (branch: {branch}, revision: {revision})\n  rust version: {rust}\n  platform: {os}/{arch}"
    )
});

const CHECK_EXIT_CODES: &str = "\
Exit codes:
  0  No findings at or above --fail-on
  1  Findings at or above --fail-on, or a milestone is worse than --fail-if-worse allows
  2  The check or the comparison failed";

const HEALTH_EXIT_CODES: &str = "\
Exit codes:
  0  The response has a 2xx status
  1  Any other response, or none
  2  Invalid arguments";

const EXIT_CODES: &str = "\
Exit codes:
  0  Success
  2  Error";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Write a first readiness file, with dates relative to today
    #[command(after_help = EXIT_CODES)]
    Init(InitArgs),
    /// Watch readiness files and serve them as Prometheus metrics
    Serve(Box<ServeArgs>),
    /// Check readiness files for errors and contradictions
    #[command(after_help = CHECK_EXIT_CODES)]
    Check(CheckArgs),
    /// Forecast when each milestone will be reached
    #[command(after_help = EXIT_CODES)]
    Forecast(ForecastArgs),
    /// Explain the forecast of a milestone: its driving path, and what would bring it forward
    #[command(after_help = EXIT_CODES)]
    Explain(ExplainArgs),
    /// Set the status of items in a readiness file, and keep everything else
    #[command(after_help = EXIT_CODES)]
    Set(SetArgs),
    /// Print the JSON Schema of readiness files
    Schema,
    /// Request a health endpoint, for images without curl
    #[command(after_help = HEALTH_EXIT_CODES)]
    Health(HealthArgs),
}

#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// Readiness files, or directories that are searched for *.yaml and *.yml files
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,

    /// Address on which to expose metrics and the web page. Repeatable for multiple addresses
    #[arg(long = "web.listen-address", value_name = "ADDRESS", default_value = ":20430")]
    pub(crate) listen: Vec<String>,

    /// Use systemd socket activation listeners instead of --web.listen-address
    #[arg(long = "web.systemd-socket")]
    pub(crate) systemd_socket: bool,

    /// Configuration file for TLS, authentication and HTTP headers, in the format of the Prometheus
    /// exporter toolkit. Reloaded when it changes
    #[arg(long = "web.config.file", value_name = "PATH")]
    pub(crate) web_config: Option<PathBuf>,

    /// Path under which to expose metrics
    #[arg(long = "web.telemetry-path", value_name = "PATH", default_value = "/metrics", value_parser = parse::telemetry_path)]
    pub(crate) telemetry_path: String,

    /// Maximum number of parallel scrape requests. Use 0 to disable
    #[arg(long = "web.max-requests", value_name = "N", default_value = "40")]
    pub(crate) max_requests: u32,

    /// Exclude metrics about the exporter itself (process_*, promhttp_*)
    #[arg(long = "web.disable-exporter-metrics")]
    pub(crate) disable_exporter_metrics: bool,

    /// Address on which to expose only /-/healthy and /-/ready, without TLS and authentication
    #[arg(long = "probe.listen-address", value_name = "ADDRESS")]
    pub(crate) probe_listen: Option<String>,

    /// Rescan interval, in case a file change notification is missed
    #[arg(long = "watch.interval", value_name = "DURATION", default_value = "30s", value_parser = parse::duration)]
    pub(crate) interval: Duration,

    /// Expose series for individual tasks. Use --metrics.tasks=false to disable
    #[arg(long = "metrics.tasks", value_name = "BOOL", default_value_t = true, action = ArgAction::Set,
          num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub(crate) tasks: bool,

    /// Maximum number of readiness series. Series of tasks are dropped first. Use 0 to disable
    #[arg(long = "metrics.max-series", value_name = "N", default_value_t = 0)]
    pub(crate) max_series: usize,

    /// Serve only the projects of shard I of N, assigned by hash. I starts at 0
    #[arg(long, value_name = "I/N", default_value_t)]
    pub(crate) shard: Shard,

    #[command(flatten)]
    pub(crate) simulation: SimulationArgs,

    #[command(flatten)]
    pub(crate) limits: LimitArgs,

    /// Only log messages with the given severity or above
    #[arg(long = "log.level", value_name = "LEVEL", default_value = "info")]
    pub(crate) level: LogLevelArg,

    /// Output format of log messages
    #[arg(long = "log.format", value_name = "FORMAT", default_value = "logfmt")]
    pub(crate) format: LogFormatArg,
}

#[derive(Debug, Args)]
pub(crate) struct LimitArgs {
    /// Maximum size of a file, in bytes or with the unit KiB, MiB or GiB
    #[arg(long = "limits.file-size", value_name = "SIZE", default_value = "16MiB", value_parser = parse::size)]
    pub(crate) file_size: u64,
}

#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// Readiness files, directories that are searched for *.readiness.yaml files and YAML files with
    /// the key project, or - for standard input
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,

    /// Output format
    #[arg(long, default_value = "human")]
    pub(crate) format: CheckFormatArg,

    /// Lowest severity that causes exit code 1
    #[arg(long, value_name = "SEVERITY", default_value = "error")]
    pub(crate) fail_on: FailOn,

    /// Evaluate reviews, waivers and due dates at the end of this day. Default: today
    #[arg(long, value_name = "DATE", value_parser = parse::date)]
    pub(crate) at: Option<Date>,

    /// Also compare the forecasts with those of another file or Git revision. Not with --format json
    #[arg(long, value_name = "FILE_OR_REV")]
    pub(crate) against: Option<String>,

    /// Exit with code 1 if the on-time probability of a milestone is lower than before by more than
    /// this number of percentage points
    #[arg(long, value_name = "PERCENT", requires = "against", value_parser = parse::percentage)]
    pub(crate) fail_if_worse: Option<Ratio>,

    #[command(flatten)]
    pub(crate) simulation: SimulationArgs,

    #[command(flatten)]
    pub(crate) limits: LimitArgs,
}

#[derive(Debug, Args)]
pub(crate) struct SimulationArgs {
    /// Number of simulation runs per forecast
    #[arg(long = "forecast.draws", value_name = "N", default_value_t = DRAWS, value_parser = parse::draws)]
    pub(crate) draws: NonZero<u32>,
}

#[derive(Debug, Args)]
pub(crate) struct ForecastArgs {
    /// Readiness file, or - for standard input
    #[arg(value_name = "PATH")]
    pub(crate) path: PathBuf,

    /// Also forecast the plan after an edit: ITEM=+2w (two weeks more), ITEM=-1w (a week less),
    /// ITEM=4-6w (new estimate) or ITEM=done. Repeatable
    #[arg(long, value_name = "ITEM=CHANGE")]
    pub(crate) what_if: Vec<String>,

    /// Forecast from the end of this day, or of the status date if that is later. Default: today
    #[arg(long, value_name = "DATE", value_parser = parse::date)]
    pub(crate) at: Option<Date>,

    /// Output format
    #[arg(long, default_value = "human")]
    pub(crate) format: ForecastFormat,

    #[command(flatten)]
    pub(crate) simulation: SimulationArgs,

    #[command(flatten)]
    pub(crate) limits: LimitArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// Readiness file, or - for standard input
    #[arg(value_name = "PATH")]
    pub(crate) path: PathBuf,

    /// ID of the milestone
    #[arg(value_name = "MILESTONE")]
    pub(crate) milestone: String,

    /// Forecast from the end of this day, or of the status date if that is later. Default: today
    #[arg(long, value_name = "DATE", value_parser = parse::date)]
    pub(crate) at: Option<Date>,

    #[command(flatten)]
    pub(crate) simulation: SimulationArgs,

    #[command(flatten)]
    pub(crate) limits: LimitArgs,
}

#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// File to create, or - for standard output. Default: a file named after the directory
    #[arg(value_name = "PATH")]
    pub(crate) path: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct SetArgs {
    /// Readiness file
    #[arg(value_name = "PATH")]
    pub(crate) path: PathBuf,

    // Not a doc comment, in which `as_of` would need backticks.
    #[arg(
        required = true,
        value_name = "ITEM=STATUS",
        help = "New status: ITEM=done, ITEM=partial, ITEM=40% or ITEM=todo, where ITEM is the path of a task, workstream or milestone. as_of=today or as_of=DATE sets the status date"
    )]
    pub(crate) assignments: Vec<String>,

    /// Date of today, for finished milestones and the status date
    #[arg(long, value_name = "DATE", value_parser = parse::date)]
    pub(crate) at: Option<Date>,

    /// Print the changes without writing them
    #[arg(long)]
    pub(crate) dry_run: bool,

    #[command(flatten)]
    pub(crate) limits: LimitArgs,
}

#[derive(Debug, Args)]
pub(crate) struct HealthArgs {
    /// URL to request, plain HTTP only. See --probe.listen-address of serve
    #[arg(value_name = "URL", value_parser = health::url)]
    pub(crate) url: Uri,

    /// Request timeout
    #[arg(long, value_name = "DURATION", default_value = "5s", value_parser = parse::duration)]
    pub(crate) timeout: Duration,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum CheckFormatArg {
    /// Source lines with carets
    Human,
    /// One JSON document
    Json,
    /// Annotations for GitHub Actions
    Github,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum FailOn {
    Error,
    Warning,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum LogLevelArg {
    Debug,
    Info,
    Warn,
    Error,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum LogFormatArg {
    Logfmt,
    Json,
}
