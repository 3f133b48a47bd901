//! The JSON Schemas under `config/schemas`: they are those of the types that decode. `UPDATE=1` writes them anew.

use goalkeeper::ingest::schema::schemas;
use std::collections::BTreeMap;
use std::path::PathBuf;

#[test]
fn the_schemas_are_those_of_the_types_that_decode() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("config/schemas");
    let wanted: BTreeMap<String, String> = schemas().into_iter().collect();
    if std::env::var_os("UPDATE").is_some() {
        for (name, text) in &wanted {
            std::fs::write(folder.join(name), text).expect("can be written");
        }
    }
    let files = std::fs::read_dir(&folder).expect("the folder is there").map(|entry| entry.expect("can be listed"));
    let found: BTreeMap<String, String> = files
        .map(|file| {
            let text = std::fs::read_to_string(file.path()).expect("is text");
            (file.file_name().to_string_lossy().into_owned(), text)
        })
        .collect();
    assert_eq!(found.keys().collect::<Vec<_>>(), wanted.keys().collect::<Vec<_>>(), "files come and go with types");
    for (name, text) in wanted {
        assert!(found[&name] == text, "{name} is not what `goalkeeper schema` writes: run `make generate`");
    }
}
