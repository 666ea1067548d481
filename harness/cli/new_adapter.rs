//! `childproof new-adapter LANG DIR`: the folder of a subject to begin with.

use super::exit::{Ended, Exit, Fault};
use super::out;
use crate::run::subject::embedded;
use clap::Args;
use std::path::{Path, PathBuf};

/// Options of `childproof new-adapter`.
#[derive(Args, Debug)]
pub struct NewAdapterArgs {
    /// Its language
    #[arg(value_name = "LANG", value_parser = languages())]
    language: String,
    /// Folder to make; its name becomes the subject's
    #[arg(value_name = "DIR")]
    dir: PathBuf,
}

fn languages() -> clap::builder::PossibleValuesParser {
    embedded::templates().into_iter().map(|(language, _)| language).collect::<Vec<_>>().into()
}

/// Performs it.
///
/// # Errors
/// A folder that is there already or cannot be made.
pub fn run(args: &NewAdapterArgs) -> Ended {
    let name = args.dir.file_name().and_then(|name| name.to_str());
    let name = name.filter(|name| name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)));
    let name = name.ok_or_else(|| Fault::Usage(format!("`{}` does not end in a name for a subject", args.dir.display())))?;
    std::fs::create_dir(&args.dir).map_err(|error| Fault::Usage(format!("cannot make `{}`: {error}", args.dir.display())))?;
    let found = embedded::templates().into_iter().find(|(language, _)| *language == args.language);
    let mut text = String::new();
    for (file, content) in found.map(|(_, files)| files).unwrap_or_default() {
        let path = args.dir.join(file);
        std::fs::write(&path, content.replace("NAME", name))
            .map_err(|error| Fault::Usage(format!("cannot write `{}`: {error}", path.display())))?;
        text += &format!("{}\n", path.display());
    }
    let dir = if args.dir.components().count() == 1 { Path::new(".").join(&args.dir) } else { args.dir.clone() };
    text += &format!("\nNow: childproof check-adapter {0}\n     childproof run --subject {0}\n", dir.display());
    out::print(&text)?;
    Ok(Exit::AsExpected)
}
