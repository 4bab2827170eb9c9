//! The licences of what is compiled into the program: most ask that their text goes along with it.
//!
//! Here belongs: collecting them from the sources that cargo has unpacked. Not here: which licences may be used (a test,
//! xtask/tests/tidy), what else goes into an archive (`dist`).

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::Outcome;
use crate::shell::{cargo, output};

/// The file that they are put into.
pub(crate) const FILE: &str = "LICENSES-OF-OTHERS.txt";

/// How files with licences are called.
const NAMES: [&str; 4] = ["license", "licence", "copying", "notice"];

const HEAD: &str = "The program was compiled from the sources of pistreaming (LICENSE-MIT or LICENSE-APACHE, as you choose),\n\
    the standard library of Rust (MIT or Apache-2.0), and those of the packages below. Where a package has several\n\
    licences with \"OR\" between them, you choose.\n\n\
    This software is based in part on the work of the Independent JPEG Group.\n";

/// A package that is compiled in.
struct Package {
    /// `name version`
    name: String,
    licence: String,
    /// The files with its licences, by name.
    files: Vec<(String, String)>,
}

/// The text for a program that was built for `target`.
pub(crate) fn collect(target: &str) -> Outcome<String> {
    Ok(write(&packages(target)?))
}

/// What the program needs at run time; of the workspace's own packages nothing.
fn packages(target: &str) -> Outcome<Vec<Package>> {
    let arguments = ["tree", "--locked", "-p", "pistreaming", "--edges", "normal", "--prefix", "none"];
    let mut tree = cargo(&arguments);
    tree.args(["--no-dedupe", "--format", "{p}\t{l}", "--target", target]);
    let listed = output(&mut tree)?;
    let mut lines: Vec<&str> = listed.lines().collect();
    lines.sort_unstable();
    lines.dedup();
    let folders = folders(target)?;
    let mut packages = Vec::new();
    for line in lines {
        let (package, licence) = line.split_once('\t').ok_or_else(|| format!("cargo tree says {line}"))?;
        let (name, rest) = package.split_once(" v").ok_or_else(|| format!("cargo tree says {package}"))?;
        let version = rest.split(' ').next().unwrap_or(rest);
        let Some(folder) = folders.get(&format!("{name}-{version}")) else { continue };
        packages.push(Package {
            name: format!("{name} {version}"),
            licence: licence.into(),
            files: files(folder).map_err(|error| format!("{}: {error}", folder.display()))?,
        });
    }
    Ok(packages)
}

/// Where the sources of packages from the registry are, by name and version. There is no reader for JSON here, and none
/// is needed: these paths have no character that would be written otherwise.
fn folders(target: &str) -> Outcome<BTreeMap<String, PathBuf>> {
    let arguments = ["metadata", "--locked", "--format-version", "1", "--filter-platform", target];
    let metadata = output(&mut cargo(&arguments))?;
    let paths = metadata.split("\"manifest_path\":\"").skip(1).filter_map(|rest| rest.split('"').next());
    let folders = paths.filter_map(|path| Path::new(path).parent()).filter(|folder| is_unpacked(folder));
    let named =
        |folder: &Path| Some((folder.file_name()?.to_string_lossy().into_owned(), folder.to_path_buf()));
    Ok(folders.filter_map(named).collect())
}

/// Whether a folder is cargo's own copy of a package.
fn is_unpacked(folder: &Path) -> bool {
    folder.join(".cargo-ok").exists()
}

fn files(folder: &Path) -> std::io::Result<Vec<(String, String)>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let lower = name.to_lowercase();
        if entry.file_type()?.is_file() && NAMES.iter().any(|begin| lower.starts_with(begin)) {
            files.push((name, fs::read_to_string(entry.path())?));
        }
    }
    files.sort();
    Ok(files)
}

/// The packages, and each text once, with the names of all whose it is.
fn write(packages: &[Package]) -> String {
    let mut text = format!("{HEAD}\n");
    let mut texts: BTreeMap<String, (String, Vec<String>)> = BTreeMap::new();
    for package in packages {
        let without = if package.files.is_empty() { " (its package has no file with the text)" } else { "" };
        text += &format!("{}: {}{without}\n", package.name, package.licence);
        for (name, content) in &package.files {
            // The same text is often wrapped or indented otherwise.
            let key = content.split_whitespace().collect::<Vec<_>>().join(" ");
            let entry = texts.entry(key).or_insert_with(|| (content.clone(), Vec::new()));
            entry.1.push(format!("{} ({name})", package.name));
        }
    }
    for (content, owners) in texts.values() {
        text += &format!("\n{}\n{}\n\n{}\n", "=".repeat(80), owners.join(", "), content.trim_end());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_package_s_text_goes_along_once() {
        let packages = packages("x86_64-unknown-linux-gnu").unwrap();
        assert!(packages.len() > 40, "{} packages", packages.len());
        let silent: Vec<_> = packages.iter().filter(|package| package.files.is_empty()).collect();
        // Those that have no file of their own must do with what the program's own licences say.
        for package in &silent {
            assert!(package.licence.contains("MIT"), "{}: {}", package.name, package.licence);
        }
        let text = write(&packages);
        for words in [
            "jpeg-encoder 0.7.1: (MIT OR Apache-2.0) AND IJG",
            "based in part on the work of\nthe Independent JPEG Group\"",
            "tokio ",
            "zune-jpeg ",
        ] {
            assert!(text.contains(words), "{words}");
        }
        assert_eq!(
            text.matches("TERMS AND CONDITIONS FOR USE, REPRODUCTION").count(),
            count_of_apache(&packages)
        );
    }

    /// How many versions of the Apache licence's text there are.
    fn count_of_apache(packages: &[Package]) -> usize {
        let texts = packages.iter().flat_map(|package| &package.files).map(|(_, text)| text);
        let mut texts: Vec<String> = texts
            .filter(|text| text.contains("TERMS AND CONDITIONS FOR USE, REPRODUCTION"))
            .map(|text| text.split_whitespace().collect::<Vec<_>>().join(" "))
            .collect();
        texts.sort();
        texts.dedup();
        texts.len()
    }
}
