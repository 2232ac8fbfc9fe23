//! Reads Rust source far enough to know which modules it names, without a compiler.
//!
//! Comments, strings and characters are blanked, what is left becomes words and signs, and every path in it, whether
//! in a `use` tree or in a body, becomes one flat list of names. Paths from `crate`, `self` and `super` are resolved
//! against the module that they stand in, inner modules counted. What only tests compile is left out.

/// A path as it stands in the source, flattened: `use std::{fs, io::Read}` gives two.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    /// The line that it starts on, from 1.
    pub line: usize,
    /// `crate::…` when it could be resolved inside the crate, else as written.
    pub names: Vec<String>,
}

impl Path {
    /// The path as text.
    pub fn text(&self) -> String {
        self.names.join("::")
    }

    /// The top-level module it names, if it stays in the crate. `*` and `as` mean the crate as a whole.
    pub fn layer(&self) -> Option<&str> {
        match self.names.as_slice() {
            [root, layer, ..] if root == "crate" => Some(layer),
            _ => None,
        }
    }
}

/// One source file, as far as the checks need it.
#[derive(Debug, Default)]
pub struct Scan {
    /// Every path outside of tests.
    pub paths: Vec<Path>,
    /// Lines that are not in a test module.
    pub code_lines: usize,
    /// Modules that are declared here for tests only (`#[cfg(test)] mod tests;`).
    pub test_modules: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Token {
    line: usize,
    text: String,
}

impl Token {
    fn is_name(&self) -> bool {
        self.text.starts_with(|c: char| c.is_alphanumeric() || c == '_' || c == '*')
    }
}

/// Scans `source`, the text of the module `module` (`["text", "gsm"]` for `crates/text/src/gsm.rs`), where `crate` means `home`:
/// the package's room, or nothing for the root package, which has several.
pub fn scan(source: &str, module: &[&str], home: &[&str]) -> Scan {
    let tokens = tokenize(&blank(source));
    let (kept, test_lines, test_modules) = without_tests(&tokens);
    let paths = collect_paths(&kept, module, home);
    Scan { paths, code_lines: source.lines().count().saturating_sub(test_lines), test_modules }
}

/// The source with comments, strings and characters replaced by spaces; lines stay where they are.
pub fn blank(source: &str) -> String {
    let chars: Vec<char> = source.chars().collect();
    let mut out = String::with_capacity(source.len());
    let mut at = 0;
    while at < chars.len() {
        let end = skip_at(&chars, at);
        if end > at {
            out.extend(chars[at..end].iter().map(|&c| if c == '\n' { '\n' } else { ' ' }));
            at = end;
        } else {
            out.push(chars[at]);
            at += 1;
        }
    }
    out
}

/// Where the comment, string or character that starts at `at` ends; `at` when none does.
fn skip_at(chars: &[char], at: usize) -> usize {
    let next = |ahead: usize| chars.get(at + ahead).copied().unwrap_or('\0');
    let inside_name = at > 0 && (chars[at - 1].is_alphanumeric() || chars[at - 1] == '_');
    match (chars[at], next(1)) {
        ('/', '/') => (at..chars.len()).find(|&i| chars[i] == '\n').unwrap_or(chars.len()),
        ('/', '*') => skip_block_comment(chars, at),
        ('"', _) => skip_string(chars, at + 1),
        ('r', '"' | '#') if !inside_name => skip_raw_string(chars, at),
        ('b', 'r') if !inside_name && matches!(next(2), '"' | '#') => skip_raw_string(chars, at + 1).max(at),
        ('\'', '\\') => (at + 3..chars.len()).find(|&i| chars[i] == '\'').map_or(chars.len(), |i| i + 1),
        ('\'', _) if next(2) == '\'' => at + 3,
        _ => at,
    }
}

fn skip_block_comment(chars: &[char], at: usize) -> usize {
    let (mut depth, mut i) = (0, at);
    while i < chars.len() {
        match (chars[i], chars.get(i + 1)) {
            ('/', Some('*')) => (depth, i) = (depth + 1, i + 2),
            ('*', Some('/')) => {
                (depth, i) = (depth - 1, i + 2);
                if depth == 0 {
                    return i;
                }
            }
            _ => i += 1,
        }
    }
    chars.len()
}

fn skip_string(chars: &[char], mut i: usize) -> usize {
    while i < chars.len() {
        match chars[i] {
            '\\' => i += 2,
            '"' => return i + 1,
            _ => i += 1,
        }
    }
    chars.len()
}

/// `at` stands on the `r`. A raw name such as `r#type` is no string.
fn skip_raw_string(chars: &[char], at: usize) -> usize {
    let hashes = chars[at + 1..].iter().take_while(|&&c| c == '#').count();
    let open = at + 1 + hashes;
    if chars.get(open) != Some(&'"') {
        return at;
    }
    (open + 1..chars.len())
        .find(|&i| chars[i] == '"' && chars[i + 1..].iter().take(hashes).filter(|&&c| c == '#').count() == hashes)
        .map_or(chars.len(), |i| i + 1 + hashes)
}

fn tokenize(blanked: &str) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::new();
    for (index, text) in blanked.lines().enumerate() {
        let line = index + 1;
        let mut rest = text.trim_start();
        while let Some(first) = rest.chars().next() {
            let is_word = |c: char| c.is_alphanumeric() || c == '_';
            let length = if is_word(first) {
                rest.find(|c| !is_word(c)).unwrap_or(rest.len())
            } else if rest.starts_with("::") {
                2
            } else {
                first.len_utf8()
            };
            tokens.push(Token { line, text: rest[..length].to_owned() });
            rest = rest[length..].trim_start();
        }
    }
    tokens
}

/// The tokens that a normal build compiles, how many lines the others take, and the test modules in other files.
fn without_tests(tokens: &[Token]) -> (Vec<Token>, usize, Vec<String>) {
    let (mut kept, mut lines, mut modules) = (Vec::new(), 0, Vec::new());
    let mut at = 0;
    while at < tokens.len() {
        if !starts_with(&tokens[at..], &["#", "[", "cfg", "(", "test", ")", "]"]) {
            kept.push(tokens[at].clone());
            at += 1;
            continue;
        }
        let end = item_end(tokens, at + 7);
        let item = &tokens[at + 7..end];
        if let Some(place) = item.iter().position(|t| t.text == "mod")
            && item.get(place + 2).is_some_and(|t| t.text == ";")
        {
            modules.push(item[place + 1].text.clone());
        }
        lines += tokens[end - 1].line - tokens[at].line + 1;
        at = end;
    }
    (kept, lines, modules)
}

fn starts_with(tokens: &[Token], texts: &[&str]) -> bool {
    tokens.len() >= texts.len() && texts.iter().zip(tokens).all(|(text, token)| token.text == *text)
}

/// Just past the item that starts at `at`: its `;` or its closing brace.
fn item_end(tokens: &[Token], at: usize) -> usize {
    let mut depth = 0usize;
    for (i, token) in tokens.iter().enumerate().skip(at) {
        match token.text.as_str() {
            "{" | "(" | "[" => depth += 1,
            "}" | ")" | "]" => {
                depth = depth.saturating_sub(1);
                if depth == 0 && token.text == "}" {
                    return i + 1;
                }
            }
            ";" if depth == 0 => return i + 1,
            _ => {}
        }
    }
    tokens.len()
}

/// Every path in `tokens`, resolved against `module` and the inner modules around it.
fn collect_paths(tokens: &[Token], module: &[&str], home: &[&str]) -> Vec<Path> {
    let mut paths = Vec::new();
    // Names of the inner modules that are open, with the brace depth at which each closes.
    let mut inner: Vec<(String, usize)> = Vec::new();
    let (mut depth, mut at) = (0usize, 0);
    while at < tokens.len() {
        let token = &tokens[at];
        let starts_path = token.is_name() && (at == 0 || tokens[at - 1].text != "::");
        match token.text.as_str() {
            "mod" if tokens.get(at + 2).is_some_and(|t| t.text == "{") => {
                inner.push((tokens[at + 1].text.clone(), depth));
                depth += 1;
                at += 3;
                continue;
            }
            "{" => depth += 1,
            "}" => {
                depth = depth.saturating_sub(1);
                inner.retain(|(_, closes_at)| *closes_at < depth);
            }
            _ => {}
        }
        if starts_path && tokens.get(at + 1).is_some_and(|t| t.text == "::" || t.text == "as") {
            let here: Vec<&str> = module.iter().copied().chain(inner.iter().map(|(name, _)| name.as_str())).collect();
            let mut found = Vec::new();
            flatten(tokens, at, &[], &mut found);
            paths.extend(found.into_iter().filter(|path| path.names.len() > 1).map(|path| resolve(path, &here, home)));
        }
        at += 1;
    }
    paths
}

/// Adds the paths of the tree that starts at `at`, each with `prefix` before it; gives the place after the tree.
fn flatten(tokens: &[Token], mut at: usize, prefix: &[String], out: &mut Vec<Path>) -> usize {
    let Some(first) = tokens.get(at) else { return at };
    let line = first.line;
    let mut names = prefix.to_vec();
    while let Some(token) = tokens.get(at) {
        if token.text == "{" {
            at += 1;
            while tokens.get(at).is_some_and(|t| t.text != "}") {
                let after = flatten(tokens, at, &names, out);
                at = if after == at { at + 1 } else { after };
                if tokens.get(at).is_some_and(|t| t.text == ",") {
                    at += 1;
                }
            }
            return at + 1;
        }
        if !token.is_name() {
            break;
        }
        names.push(token.text.clone());
        at += 1;
        match tokens.get(at).map(|t| t.text.as_str()) {
            Some("::") => at += 1,
            Some("as") => {
                names.push("as".to_owned());
                at += 2;
                break;
            }
            _ => break,
        }
    }
    out.push(Path { line, names });
    at
}

/// `crate`, `self`, `super` and our packages turned into a path from the root of the house. `postrider` is the root package,
/// seen from `main.rs`.
fn resolve(path: Path, here: &[&str], home: &[&str]) -> Path {
    let ups = path.names.iter().take_while(|name| *name == "super" || *name == "self").count();
    let supers = path.names[..ups].iter().filter(|name| *name == "super").count();
    let first = path.names[0].as_str();
    let base: Vec<String> = match first {
        "crate" => home.iter().map(|&name| name.to_owned()).collect(),
        "postrider" => Vec::new(),
        package if package.starts_with("postrider_") => vec![package["postrider_".len()..].to_owned()],
        "super" | "self" => here[..here.len().saturating_sub(supers)].iter().map(|&name| name.to_owned()).collect(),
        _ => return path,
    };
    let rest = path.names[ups.max(1)..].iter().cloned();
    Path { line: path.line, names: std::iter::once("crate".to_owned()).chain(base).chain(rest).collect() }
}
