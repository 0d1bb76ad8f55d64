import { CodeManagerError } from '../protocol/errors.js';
import type { App } from './app.js';
import type { Invocation } from './command.js';

// The scripts only ask `cm` what could stand there, so that they never know less than it does. A candidate is a line
// `VALUE<tab>DESCRIPTION`; a line `:files` or `:folders` asks the shell for its own.
const SCRIPTS: Readonly<Record<string, string>> = {
  bash: `# Completion of cm for bash: eval "$(cm completion bash)"
_cm() {
  local current="\${COMP_WORDS[COMP_CWORD]}" line value
  COMPREPLY=()
  while IFS= read -r line; do
    case "$line" in
      :files) compopt -o filenames; while IFS= read -r value; do COMPREPLY+=("$value"); done < <(compgen -f -- "$current") ;;
      :folders) compopt -o filenames; while IFS= read -r value; do COMPREPLY+=("$value"); done < <(compgen -d -- "$current") ;;
      ?*) printf -v value '%q' "\${line%%$'\\t'*}"; COMPREPLY+=("$value") ;;
    esac
  done < <("\${COMP_WORDS[0]}" __complete bash "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _cm cm code-manager
`,
  zsh: `#compdef cm code-manager
# Completion of cm for zsh: eval "$(cm completion zsh)"
_cm() {
  local line value description
  local -a values descriptions
  for line in "\${(@f)$("\${words[1]}" __complete zsh "\${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    case "$line" in
      :files) _files ;;
      :folders) _files -/ ;;
      ?*)
        value="\${line%%$'\\t'*}"
        description="\${line#*$'\\t'}"
        values+=("$value")
        [[ "$value" == "$description" ]] && descriptions+=("$value") || descriptions+=("$value  -- $description")
        ;;
    esac
  done
  (( \${#values} )) && compadd -l -d descriptions -a values
}
(( \${+functions[compdef]} )) || { autoload -Uz compinit && compinit; }
compdef _cm cm code-manager
`,
  fish: `# Completion of cm for fish: cm completion fish > ~/.config/fish/completions/cm.fish
function __cm_complete
    set -l words (commandline -opc) (commandline -ct)
    for line in ($words[1] __complete fish $words[2..-1] 2>/dev/null)
        switch $line
            case :files
                __fish_complete_path (commandline -ct)
            case :folders
                __fish_complete_directories (commandline -ct)
            case '*'
                echo $line
        end
    end
end
complete -c cm -f -a '(__cm_complete)'
complete -c code-manager -f -a '(__cm_complete)'
`,
};

export async function completion({ output }: App, invocation: Invocation): Promise<void> {
  const [shell = ''] = invocation.args;
  const script = Object.hasOwn(SCRIPTS, shell) ? SCRIPTS[shell] : undefined;
  if (script === undefined) {
    throw new CodeManagerError('invalid', `There is completion for bash, zsh and fish, not for "${shell}"`);
  }
  await (output.json ? output.record({ shell, script }) : output.lines(script.replace(/\n$/, '').split('\n')));
}
