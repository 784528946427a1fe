//! The packaged chart, and the size of a release.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::chart::charts::{HELMS, Values, chart, files, helm, root, template};

/// Packages the chart with `tool`, and unpacks the archive in `folder`.
fn package_and_unpack(tool: &str, folder: &Path) -> PathBuf {
    let output = helm(tool, &["package", chart().to_str().unwrap(), "--destination", folder.to_str().unwrap()]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let archive = &files(folder, ".tgz")[0];
    let listed = Command::new("tar").arg("-tzf").arg(archive).output().unwrap();
    let mut names: Vec<String> = String::from_utf8(listed.stdout).unwrap().lines().map(str::to_owned).collect();
    let count = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), count, "{tool} packs a file twice");
    let unpacked = Command::new("tar").arg("-xzmf").arg(archive).current_dir(folder).status();
    assert!(unpacked.unwrap().success());
    folder.join("readiness-exporter")
}

/// The contents of all files in `folder` and its subfolders, by relative path.
fn read_tree(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut tree = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
                tree.insert(name, std::fs::read(path).unwrap());
            }
        }
    }
    tree
}

#[test]
fn the_package_contains_the_rules_and_dashboards_of_the_repository_and_no_other_files() {
    for tool in HELMS {
        let folder = tempfile::tempdir().unwrap();
        let packed = read_tree(&package_and_unpack(tool, folder.path()));
        let mut expected: Vec<PathBuf> = files(&root().join("rules"), ".rules.yaml");
        expected.extend(
            files(&root().join("dashboards"), ".json")
                .into_iter()
                .filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with("readiness-")),
        );
        let names: Vec<String> =
            expected.iter().map(|path| path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned()).collect();
        for (path, name) in expected.iter().zip(&names) {
            assert!(packed[name] == std::fs::read(path).unwrap(), "{tool}: {name}");
        }
        let linked = |name: &&String| name.starts_with("rules/") || name.starts_with("dashboards/");
        let mut actual: Vec<&String> = packed.keys().filter(linked).collect();
        actual.sort();
        let mut names: Vec<&String> = names.iter().collect();
        names.sort();
        assert_eq!(actual, names, "{tool}");
        let others = packed.keys().filter(|name| !linked(name) && !name.starts_with("templates/"));
        let others: Vec<&str> = others.map(String::as_str).collect();
        assert_eq!(others, [".helmignore", "Chart.yaml", "README.md", "values.schema.json", "values.yaml"], "{tool}");
    }
}

#[test]
fn the_package_renders_like_the_directory() {
    for tool in HELMS {
        let folder = tempfile::tempdir().unwrap();
        let packed = package_and_unpack(tool, folder.path());
        for name in ["default", "monitoring"] {
            let values = Values::named(name);
            assert!(template(tool, &packed, &values) == template(tool, &chart(), &values), "{tool}, {name}");
        }
    }
}

/// Helm stores a release, with chart and manifest, in one Secret as JSON, gzip and base64. A Secret is
/// limited to 1 MiB; the release must not exceed a quarter of it.
#[test]
fn a_release_fits_into_a_quarter_of_its_secret() {
    for values in Values::valid() {
        let (chart, path) = (chart(), values.path.to_str().unwrap().to_owned());
        let mut arguments = vec!["install", "x", chart.to_str().unwrap(), "--values", &path];
        arguments.extend(["--dry-run=client", "--output=json", "--set=renderMode=alwaysRender"]);
        let output = helm("helm", &arguments);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let release: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let file_count = release["chart"]["files"].as_array().unwrap().len();
        assert!(
            file_count > 8 && !release["manifest"].as_str().unwrap().is_empty(),
            "a release contains files and a manifest"
        );
        let mut packed = GzEncoder::new(Vec::new(), Compression::best());
        packed.write_all(release.to_string().as_bytes()).unwrap();
        let size = packed.finish().unwrap().len().div_ceil(3) * 4;
        assert!(size < 256 << 10, "{}: {size} bytes", values.name());
    }
}
