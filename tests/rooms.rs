//! Who knows whom: no room of `src` knows one that knows it, and inside a room no file does. The same for the crates.
//!
//! A module knows what its paths name: `crate::kafka::Scan`, `super::Hold`, also inside macros. What `mod.rs` passes on
//! (`pub use hold::Hold`) belongs to the file it comes from. Not counted: what a `mod.rs` itself defines for the files below
//! it, method calls, and tests.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use syn::visit::{self, Visit};

type Names = Vec<String>;

/// The modules of a crate: path from its root, and what the paths in it name.
#[derive(Default)]
struct Crate {
    modules: BTreeMap<Names, Vec<Names>>,
    /// A name that a module passes on, and where it comes from.
    passed_on: BTreeMap<Names, Names>,
}

impl Crate {
    fn read(root: &Path) -> Self {
        let mut found = Self::default();
        found.walk(root, &[]);
        assert!(found.modules.len() > 3, "the walk found too little in {}", root.display());
        found
    }

    fn walk(&mut self, dir: &Path, at: &[String]) {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let below = [at, std::slice::from_ref(&name)].concat();
            match name.as_str() {
                "bin" => {}
                _ if name.contains("tests") => {}
                _ if path.is_dir() => self.walk(&path, &below),
                "mod" => self.add(at, &fs::read_to_string(&path).unwrap()),
                _ if path.extension().is_some_and(|e| e == "rs") => {
                    self.add(&below, &fs::read_to_string(&path).unwrap());
                }
                _ => {}
            }
        }
    }

    fn add(&mut self, module: &[String], text: &str) {
        let mut reader = Reader { module: module.to_vec(), ..Reader::default() };
        reader.visit_file(&syn::parse_file(text).unwrap());
        for path in reader.passed_on {
            let name = path.last().unwrap().clone();
            self.passed_on.insert([module, &[name]].concat(), path);
        }
        self.modules.insert(module.to_vec(), reader.named);
    }

    /// The module that a path from the root leads to.
    fn module_of(&self, path: &Names) -> Option<&Names> {
        let mut path = path.clone();
        // a name may be passed on more than once; nothing is passed on in a circle
        for _ in 0..8 {
            let is_passed_on = |n: usize| self.passed_on.get(&path[..n]).cloned();
            let Some(next) = (1..=path.len()).rev().find_map(is_passed_on) else { break };
            path = next;
        }
        let known = |n: usize| self.modules.get_key_value(&path[..n]).map(|(name, _)| name);
        (1..=path.len()).rev().find_map(known)
    }

    /// Circles among the modules right below `room`, each as the modules in it and what ties them.
    fn circles_in(&self, room: &[String]) -> Vec<String> {
        let depth = room.len();
        let mut arrows: BTreeMap<&str, BTreeMap<&str, String>> = BTreeMap::new();
        for (module, named) in
            self.modules.iter().filter(|(m, _)| m.len() > depth && m.starts_with(room))
        {
            for path in named {
                let Some(to) =
                    self.module_of(path).filter(|to| to.len() > depth && to.starts_with(room))
                else {
                    continue;
                };
                if to[depth] != module[depth] {
                    let tie = format!("{} -> {}", module.join("::"), path.join("::"));
                    arrows.entry(&module[depth]).or_default().insert(&to[depth], tie);
                }
            }
        }
        let reach = |from: &str| {
            let (mut seen, mut next) = (BTreeSet::new(), vec![from.to_owned()]);
            while let Some(at) = next.pop() {
                for to in arrows.get(at.as_str()).into_iter().flat_map(BTreeMap::keys) {
                    if seen.insert((*to).to_owned()) {
                        next.push((*to).to_owned());
                    }
                }
            }
            seen
        };
        let on_circle: Vec<_> = arrows.keys().filter(|name| reach(name).contains(**name)).collect();
        let is_in = |name: &str| on_circle.iter().any(|other| **other == name);
        let ties = on_circle.iter().flat_map(|name| &arrows[**name]);
        ties.filter(|(to, _)| is_in(to)).map(|(_, tie)| tie.clone()).collect()
    }

    fn circles(&self) -> Vec<String> {
        let mut rooms: BTreeSet<&[String]> = BTreeSet::from([&[] as &[String]]);
        for module in self.modules.keys() {
            rooms.extend((1..module.len()).map(|n| &module[..n]));
        }
        rooms.into_iter().flat_map(|room| self.circles_in(room)).collect()
    }
}

/// Collects what one file names, as paths from the root of its crate.
#[derive(Default)]
struct Reader {
    module: Names,
    named: Vec<Names>,
    passed_on: Vec<Names>,
}

impl Reader {
    fn seen_from_root(&self, path: &[String], is_use: bool) -> Option<Names> {
        let first = path.first()?.as_str();
        let n_up = path.iter().take_while(|name| *name == "super").count();
        match first {
            "crate" => Some(path[1..].to_vec()),
            "self" => Some([&self.module, &path[1..]].concat()),
            "super" => {
                let above = self.module.len().checked_sub(n_up)?;
                Some([&self.module[..above], &path[n_up..]].concat())
            }
            // `pub use hold::Hold` beside `mod hold`
            _ if is_use => Some([&self.module, path].concat()),
            _ => None,
        }
    }

    fn tree(&mut self, before: &Names, tree: &syn::UseTree, is_public: bool) {
        let with = |name: &syn::Ident| [&before[..], &[name.to_string()]].concat();
        let path = match tree {
            syn::UseTree::Path(path) => {
                return self.tree(&with(&path.ident), &path.tree, is_public);
            }
            syn::UseTree::Group(group) => {
                return group.items.iter().for_each(|item| self.tree(before, item, is_public));
            }
            syn::UseTree::Name(name) if name.ident == "self" => before.clone(),
            syn::UseTree::Name(name) => with(&name.ident),
            syn::UseTree::Rename(name) => with(&name.ident),
            syn::UseTree::Glob(_) => before.clone(),
        };
        let Some(path) = self.seen_from_root(&path, true) else { return };
        if is_public {
            self.passed_on.push(path.clone());
        }
        self.named.push(path);
    }
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        // the one kind of module inside a file is its tests
        if item.content.is_none() {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        let is_public = !matches!(item.vis, syn::Visibility::Inherited);
        self.tree(&Vec::new(), &item.tree, is_public);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names: Names = path.segments.iter().map(|part| part.ident.to_string()).collect();
        self.named.extend(self.seen_from_root(&names, false));
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, found: &'ast syn::Macro) {
        let text = found.tokens.to_string().replace("$crate", "").replace(' ', "");
        for (at, _) in text.match_indices("crate::") {
            let is_path = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
            let path = text[at..].split(|c| !is_path(c)).next().unwrap();
            let names: Names =
                path.split("::").filter(|n| !n.is_empty()).map(str::to_owned).collect();
            self.named.extend(self.seen_from_root(&names, false));
        }
        visit::visit_macro(self, found);
    }
}

#[test]
fn no_room_knows_one_that_knows_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut crates = vec![root.join("src")];
    for entry in fs::read_dir(root.join("crates")).unwrap() {
        crates.push(entry.unwrap().path().join("src"));
    }
    let crates = crates.iter().map(|src| Crate::read(src)).collect::<Vec<_>>();
    let n_modules: usize = crates.iter().map(|found| found.modules.len()).sum();
    assert!(n_modules > 300, "the walk found too little: {n_modules}");
    let circles = crates.iter().flat_map(Crate::circles).collect::<Vec<_>>();
    assert!(circles.is_empty(), "\n{}", circles.join("\n"));
}

#[test]
fn a_circle_is_found_however_it_is_tied() {
    let circles = |files: &[(&str, &str)]| {
        let mut found = Crate::default();
        for (module, text) in files {
            let module: Names = module.split("::").map(str::to_owned).collect();
            found.add(&module, text);
        }
        found.circles().len()
    };
    assert_eq!(circles(&[("a", "use crate::b::X;"), ("b", "struct X;")]), 0);
    assert_eq!(circles(&[("a", "use crate::b::X;"), ("b", "fn f() -> crate::a::Y {}")]), 2);
    assert_eq!(
        circles(&[("a", "use super::b;"), ("b", "fn f() { info!(crate::a::Y::new()); }")]),
        2
    );
    // inside a room, through what its door passes on
    let door = ("a", "mod x; mod y; pub use x::X; pub(crate) use self::y::{Y, Z as W};");
    assert_eq!(circles(&[door, ("a::x", "use super::Y;"), ("a::y", "struct Y;")]), 0);
    assert_eq!(circles(&[door, ("a::x", "use super::Y;"), ("a::y", "use crate::a::X;")]), 2);
    // over three rooms
    let three =
        [("a", "use crate::b;"), ("b", "use crate::c::{d, e::*};"), ("c", "use crate::a::F;")];
    assert_eq!(circles(&three), 3);
    // of tests nothing depends
    assert_eq!(circles(&[("a", "mod tests { use crate::b; }"), ("b", "use crate::a::X;")]), 0);
}
