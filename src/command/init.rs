//! The command `init`: writes a first plan, whose dates are relative to today.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use anyhow::{anyhow, bail};
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use crate::name::Id;
use crate::scalar::ScalarFormat;
use crate::source::input::is_stdin;

/// The plan, with placeholders such as `{id}`.
const TEMPLATE: &str = include_str!("init/template.yaml");

/// End of the names of readiness files.
const EXTENSIONS: [&str; 4] = [".readiness.yaml", ".readiness.yml", ".yaml", ".yml"];

#[derive(Debug, Clone)]
pub(crate) struct InitOptions {
    /// The file to write, a directory, or `-` for standard output. Default: the working directory.
    pub(crate) path: Option<PathBuf>,
    pub(crate) now: Timestamp,
}

/// Writes a first plan, and prints the next commands to `out`.
///
/// # Errors
///
/// The file exists, or cannot be written.
pub(crate) fn run(options: &InitOptions, out: &mut dyn Write) -> anyhow::Result<()> {
    // Dates of a plan without `timezone` are in UTC.
    let today = options.now.to_zoned_datetime(TimeZone::UTC).date();
    let path = options.path.as_deref().unwrap_or(Path::new("."));
    if is_stdin(path) {
        out.write_all(plan("project", "Project", "FILE", today).as_bytes())?;
        return Ok(out.flush()?);
    }
    let (path, name) = if path.is_dir() {
        let directory = path.canonicalize()?;
        let name = project_name(&directory);
        let file = PathBuf::from(format!("{}.readiness.yaml", name.id));
        (if path == Path::new(".") { file } else { path.join(file) }, name)
    } else {
        (path.to_owned(), project_name(path))
    };
    let shown = path.display().to_string();
    let text = plan(name.id.as_str(), &name.title, &shown, today);
    create(&path, &text)?;
    writeln!(out, "created {shown}\n\nNext:\n  readiness-exporter check {shown}")?;
    writeln!(out, "  readiness-exporter forecast {shown}\n  readiness-exporter serve {shown}")?;
    Ok(out.flush()?)
}

fn create(path: &Path, text: &str) -> anyhow::Result<()> {
    match OpenOptions::new().write(true).create_new(true).open(path) {
        Ok(mut file) => Ok(file.write_all(text.as_bytes())?),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            bail!("`{}` exists, and `init` does not overwrite files: give another name", path.display())
        }
        Err(error) => Err(anyhow!(error)).with_context(|| format!("cannot create `{}`", path.display())),
    }
}

/// Id and title of a project.
struct ProjectName {
    id: Id,
    title: String,
}

/// The project is named after its file or directory.
fn project_name(path: &Path) -> ProjectName {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let name = EXTENSIONS.iter().find_map(|it| name.strip_suffix(it)).unwrap_or(&name);
    let slug = Id::slug(name).filter(|slug| Id::parse(slug.as_str()).is_ok());
    let id = slug.unwrap_or_else(|| Id::slug("project").unwrap_or_else(Id::unnamed));
    let title = id.as_str().replace('-', " ");
    let title = title[..1].to_uppercase() + &title[1..];
    ProjectName { id, title }
}

fn plan(id: &str, title: &str, file: &str, today: Date) -> String {
    let values = [
        ("{id}", id.to_owned()),
        ("{title}", title.to_owned()),
        ("{file}", file.to_owned()),
        ("{today}", today.to_string()),
        ("{beta}", friday_after(today, 4).to_string()),
        ("{launch}", friday_after(today, 7).to_string()),
    ];
    values.iter().fold(TEMPLATE.to_owned(), |text, (name, value)| text.replace(name, value))
}

/// The last Friday within this number of weeks.
fn friday_after(today: Date, weeks: i32) -> Date {
    let day = today.saturating_add(weeks.weeks());
    (0..7).map(|back| day.saturating_sub(back.days())).find(|day| day.weekday() == Weekday::Friday).unwrap_or(day)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use crate::command::as_of::AsOf;

    use super::*;

    fn init(path: &Path) -> anyhow::Result<String> {
        let mut out = Vec::new();
        let now = "2026-12-01T12:00:00Z".parse().unwrap();
        run(&InitOptions { path: Some(path.to_owned()), now }, &mut out)?;
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn the_first_plan_has_no_findings_on_any_day() {
        for day in 0..400 {
            let today = jiff::civil::date(2026, 12, 1).saturating_add(day.days());
            let (loaded, _) = AsOf::Day(today).load(&plan("shop", "Shop", "shop.yaml", today));
            assert!(loaded.is_good());
            let messages: Vec<_> = loaded.findings.iter().map(|finding| finding.message.clone()).collect();
            assert_eq!(messages, [] as [String; 0], "{today}");
        }
    }

    #[test]
    fn a_file_is_created_and_never_overwritten() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("Web Shop.readiness.yaml");
        let out = init(&path).unwrap();
        assert!(out.contains("readiness-exporter forecast"), "{out}");
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains("\nproject: web-shop\ntitle: Web shop\n"), "{text}");
        assert!(
            init(&path)
                .unwrap_err()
                .to_string()
                .ends_with("exists, and `init` does not overwrite files: give another name")
        );
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
        let missing = init(&directory.path().join("no/such/file")).unwrap_err();
        assert!(missing.to_string().starts_with("cannot create"), "{missing}");
    }

    #[test]
    fn a_directory_gives_its_name_to_the_project() {
        let directory = tempfile::tempdir().unwrap();
        let folder = directory.path().join("shop");
        fs::create_dir(&folder).unwrap();
        init(&folder).unwrap();
        let text = fs::read_to_string(folder.join("shop.readiness.yaml")).unwrap();
        assert!(text.contains("\nproject: shop\n"), "{text}");
    }

    #[test]
    fn names_that_are_no_ids_are_replaced() {
        for (path, id) in [("/", "project"), ("пуск.yaml", "project"), ("a/1.2.yml", "1-2"), ("x", "x")] {
            assert_eq!(project_name(Path::new(path)).id.as_str(), id, "{path}");
        }
    }

    #[test]
    fn standard_output_gets_only_the_plan() {
        let text = init(Path::new("-")).unwrap();
        assert!(
            text.starts_with("# yaml-language-server: $schema=") && text.contains("\nproject: project\n"),
            "{text}"
        );
    }
}
