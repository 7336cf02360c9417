//! `neon-master completions SHELL`: what completes its commands in a shell. Files are completed where a file is asked for.

/// How it is called.
pub const USAGE: &str = "completions bash|zsh|fish";

/// Each command with the words that may follow it; `None` where that is a file.
const COMMANDS: &[(&str, Option<&str>)] = &[
    ("backup", None),
    ("restore", None),
    ("migrate-store", Some("--from --to")),
    ("distribute", Some("")),
    ("user", Some("add password list reset-second-factor remove")),
    ("secret", Some("generate")),
    ("tls", Some("init renew")),
    ("config", Some("")),
    ("completions", Some("bash zsh fish")),
    ("openapi", Some("")),
    ("--help", Some("")),
    ("--version", Some("")),
];
const ROLES: &str = "viewer operator admin";

/// The script for `shell`; `None` for one that is not known.
pub fn script(shell: &str) -> Option<String> {
    match shell {
        "bash" => Some(bash()),
        // zsh reads what bash reads, once it is told to.
        "zsh" => Some(format!(
            "#compdef neon-master\n(( $+functions[compdef] )) || {{ autoload -U compinit && compinit }}\n\
             autoload -U bashcompinit && bashcompinit\n{}",
            bash()
        )),
        "fish" => Some(fish()),
        _ => None,
    }
}

fn names() -> String {
    COMMANDS.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(" ")
}

fn bash() -> String {
    let mut cases = String::new();
    for (name, words) in COMMANDS {
        cases.push_str(&match words {
            None => format!("    2:{name}) files=yes ;;\n"),
            Some("") => continue,
            Some(words) => format!("    2:{name}) words='{words}' ;;\n"),
        });
    }
    format!(
        "_neon_master() {{\n  local word=${{COMP_WORDS[COMP_CWORD]}} words= files=\n  \
         case $COMP_CWORD:${{COMP_WORDS[1]}} in\n    1:*) words='{}' ;;\n{cases}    \
         4:user) [ \"${{COMP_WORDS[2]}}\" = add ] && words='{ROLES}' ;;\n    \
         4:migrate-store) words='--from --to' ;;\n  esac\n  COMPREPLY=()\n  local one\n  \
         if [ -n \"$files\" ]; then\n    while IFS= read -r one; do COMPREPLY+=(\"$one\"); done < <(compgen -f -- \"$word\")\n  \
         else\n    while IFS= read -r one; do COMPREPLY+=(\"$one\"); done < <(compgen -W \"$words\" -- \"$word\")\n  fi\n}}\n\
         complete -F _neon_master neon-master",
        names()
    )
}

fn fish() -> String {
    let mut lines = vec!["complete -c neon-master -f".to_owned()];
    lines.push(format!("complete -c neon-master -n __fish_use_subcommand -a '{}'", names()));
    for (name, words) in COMMANDS {
        match words {
            None => lines.push(format!("complete -c neon-master -n '__fish_seen_subcommand_from {name}' -F")),
            Some("") => {}
            Some(words) => {
                let condition =
                    format!("'test (count (commandline -opc)) -eq 2; and __fish_seen_subcommand_from {name}'");
                lines.push(format!("complete -c neon-master -n {condition} -a '{words}'"));
            }
        }
    }
    let roles = "'test (count (commandline -opc)) -eq 4; and __fish_seen_subcommand_from add'";
    lines.push(format!("complete -c neon-master -n {roles} -a '{ROLES}'"));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    /// What the shell offers after `words`; `None` where there is no such shell on this machine.
    fn bash_offers(words: &[&str]) -> Option<Vec<String>> {
        let quoted: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
        let script = format!(
            "{}\nCOMP_WORDS=({}); COMP_CWORD={}\n_neon_master\nprintf '%s\\n' \"${{COMPREPLY[@]}}\"",
            bash(),
            quoted.join(" "),
            words.len() - 1
        );
        let output = Command::new("bash").args(["--norc", "-euc", &script]).output().ok()?;
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).unwrap();
        Some(text.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect())
    }

    #[test]
    fn bash_completes_commands_and_what_follows_them() {
        let offers = |words: &[&str]| bash_offers(words).expect("bash is what the scripts run in");
        assert_eq!(offers(&["neon-master", "mi"]), ["migrate-store"]);
        assert_eq!(offers(&["neon-master", ""]).len(), COMMANDS.len());
        assert_eq!(offers(&["neon-master", "user", "rem"]), ["remove"]);
        assert_eq!(offers(&["neon-master", "user", "add", "ann", "o"]), ["operator"]);
        assert!(offers(&["neon-master", "user", "remove", "ann", ""]).is_empty());
        assert_eq!(offers(&["neon-master", "backup", "Cargo.t"]), ["Cargo.toml"]);
        assert!(offers(&["neon-master", "nothing", ""]).is_empty());
    }

    #[test]
    fn the_other_shells_take_their_scripts_where_they_are_installed() {
        for shell in ["zsh", "fish"] {
            let script = script(shell).unwrap();
            match Command::new(shell).args(["-n", "-c", &script]).output() {
                Ok(output) => assert!(output.status.success(), "{shell}: {}", String::from_utf8_lossy(&output.stderr)),
                Err(_) => eprintln!("SKIPPED: there is no {shell} here to take its script"),
            }
        }
        assert_eq!(script("tcsh"), None);
    }

    #[test]
    fn every_command_of_the_help_is_completed() {
        let help = crate::help();
        let listed = help.lines().filter_map(|line| line.strip_prefix("  ")).filter(|line| !line.starts_with(' '));
        let commands =
            listed.filter_map(|line| line.split(' ').next()).filter(|word| word.starts_with(char::is_lowercase));
        for command in commands {
            assert!(COMMANDS.iter().any(|(name, _)| *name == command), "{command}");
        }
    }
}
