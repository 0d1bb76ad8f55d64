/**
 * Names of what a rule does not give away unless its path leads into it, in lower case: what is secret, and what other
 * programs run or obey without being told to. Source code that is run by hand or by tests, `package.json` and `Makefile`
 * among it, is none of this.
 */

const words = (text: string): readonly string[] => text.split(/\s+/u).filter((word) => word !== '');

/** Folders with all in them. */
export const PRIVATE_FOLDERS: ReadonlySet<string> = new Set([
  // Keys, credentials and tokens.
  ...words(
    `.ssh .gnupg .pki .aws .azure .kube .minikube .docker .gcloud .oci .terraform.d .pulumi .chef .vault .fly .heroku
    .netlify .vercel .railway .databricks .snowflake .kaggle .huggingface .password-store .bitwarden .op .keychain
    keychains secrets .secrets .config .local .cm .m2 .gem .bundle .android .electrum .bitcoin .ethereum`,
  ),
  // Profiles of browsers and mail programs, with cookies and saved passwords.
  ...words(
    `.mozilla .thunderbird firefox google-chrome google-chrome-beta chromium bravesoftware microsoft-edge vivaldi
    opera .tor-browser`,
  ),
  'application support',
  // Version control: hooks, filters and programs that it runs.
  ...words('.git git~1 .hg .svn .bzr .jj .sl .husky .githooks .lefthook .overcommit'),
  // Editors: tasks, extensions, servers and environments that they start.
  ...words(
    `.vscode .vscode-server .vscode-remote .vscode-oss .idea .run .fleet .zed .vs .nova .theia .devcontainer .gitpod
    .codesandbox .idx .settings .vim .nvim .emacs.d`,
  ),
  // Agents: their instructions, hooks, servers and permissions.
  ...words(
    `.claude .codex .gemini .qwen .cursor .copilot .opencode .aider .continue .windsurf .codeium .cline .clinerules .roo
    .roorules .kilocode .kiro .junie .augment .trae .goose .amazonq .amp .crush .agent .agents .code-manager .factory .openhands .cody .tabnine .void .devin .grok .iflow
    .codebuddy .qoder .lingma .vibe`,
  ),
  // Jobs that run elsewhere or by the clock.
  ...words('.builds .circleci .buildkite .woodpecker .drone .gitlab .gitea .forgejo .semaphore .teamcity .tekton'),
  ...words('launchagents launchdaemons autostart cron.d cron.daily cron.hourly cron.weekly cron.monthly sudoers.d'),
  // Settings of build tools and package managers that name programs and registries.
  ...words('.cargo .yarn .mvn .gradle .pnpm .npm .pip .direnv .mise .rtx .asdf .devbox .flox'),
]);

/** Parts of paths that follow one another, at any depth. */
export const PRIVATE_PLACES: readonly RegExp[] = [
  /\/\.github\/(?:workflows|actions|instructions|prompts|chatmodes|agents|hooks|skills)\//u,
  /\/run\/(?:secrets|credentials|user)\//u,
  /\/proc\/(?:self|thread-self|\d+|[^/]*)\/(?:task\/[^/]+\/)?(?:environ|mem|maps|fd|root|cwd|cmdline|stack|auxv)\//u,
  /\/etc\/(?:shadow|gshadow|sudoers|passwd|krb5\.keytab|ssh|ssl\/private|cron[^/]*|systemd|profile(?:\.d)?|ld\.so\.preload)\b/u,
  /\/snap\/(?:firefox|chromium|thunderbird)\//u,
];

/** What may be read, but is no place to write to or to move something to: a whole folder of workflows, a repository. */
export const GUARDED_PLACES: readonly RegExp[] = [/\/\.github\/$/u, /\/head\/$/u];

/** Whole names of files. */
export const PRIVATE_FILES: readonly RegExp[] = [
  // Environments with secrets.
  /^\.env(?:[._-].*)?$/u,
  /^.+\.env(?:\.(?:local|prod|production|dev|development|stage|staging|test|ci|enc|\d+))?$/u,
  /^(?:\.envrc.*|environ|\.env\.vault|\.dev\.vars.*|\.flaskenv|\.pam_environment)$/u,
  // Credentials of tools and services.
  /^(?:[._]netrc|\.npmrc|\.yarnrc.*|\.pypirc|\.pgpass|pgpass\.conf|\.my\.cnf|\.mylogin\.cnf|\.git-credentials)$/u,
  /^(?:\.htpasswd.*|htpasswd|\.htdigest|\.vault[-_](?:token|pass(?:word)?).*|\.?vault[-_]pass(?:word)?(?:\..*)?)$/u,
  /^(?:\.boto|\.s3cfg|\.dockercfg|\.?rclone\.conf|\.terraformrc|terraform\.rc|kubeconfig.*|.*\.kubeconfig|kube\.config)$/u,
  /^(?:\.fetchmailrc|\.msmtprc|\.muttrc|\.smbcredentials|\.rhosts|\.shosts|\.xauthority|\.iceauthority|krb5cc.*)$/u,
  /^(?:.*\.tfstate|.*\.tfvars(?:\.json)?|\.pulumi.*)$/u,
  /^(?:.*[._-])?service[-_]?account.*\.(?:json|ya?ml|p12|key)$/u,
  /^(?:credentials|secrets?)(?:\..*)?$/u,
  /^.*[._-](?:credentials?|secrets?)(?:\.(?:json|ya?ml|toml|ini|env|xml|csv|txt|enc|conf|cfg|properties|db|php))?$/u,
  /^(?:client[-_]secrets?.*|application_default_credentials|firebase-?adminsdk.*|.*-firebase-adminsdk.*|gcp?-?key.*)\.json$/u,
  /^(?:\.?(?:auth|token|tokens|oauth|oauth2|oauth_creds|access[-_]token|refresh[-_]token|api[-_]?keys?))(?:\.(?:json|ya?ml|toml|txt|ini))?$/u,
  /^.*\.(?:token|secret|password|passwd)$/u,
  /^(?:\.?passwords?|\.?passwd|\.?passphrase)(?:\.(?:txt|json|csv|ya?ml|db|enc))?$/u,
  // Keys and stores of them.
  /^id_[a-z0-9_]+$/u,
  /^(?:.*[._-])?private[._-]?keys?(?:\..*)?$/u,
  /^.*_(?:rsa|dsa|ecdsa|ed25519)(?:_key)?$/u,
  /^.*\.(?:pem|key|p8|p12|pfx|jks|jceks|bks|keystore|keytab|kdbx?|ppk|ovpn|agekey|pkcs12|keychain(?:-db)?|wallet)$/u,
  /^(?:authorized_keys2?|known_hosts|environment_secrets|key[34]\.db|logins\.json|cert[89]\.db|cookies(?:\..*)?)$/u,
  /^(?:login data|web data|local state)(?: .*)?$/u,
  // What was typed once.
  /^(?:\..*hist(?:ory|file)?|fish_history|\.lesshst|\.viminfo|\.recently-used.*)$/u,
  // Shells, terminals and interpreters read them at each start.
  /^\.(?:bash|zsh|z|k|c|tcsh|fish)(?:rc|env|login|logout|_profile|_login|_logout|_aliases|profile)$/u,
  /^\.(?:profile|login|logout|inputrc|xinitrc|xprofile|xsession.*|screenrc|tmux\.conf.*|hushlogin|forward|plan)$/u,
  /^(?:sitecustomize|usercustomize)\.py$|\.pth$|^\.(?:pdbrc.*|pythonrc.*|irbrc|pryrc|rprofile|renviron|gdbinit|lldbinit)$/u,
  /^\.(?:vimrc|gvimrc|exrc|nvimrc|nvim\.lua|emacs|dir-locals(?:-2)?\.el|lesskey|ackrc|ripgreprc|wgetrc|curlrc|psqlrc|sqliterc)$/u,
  // Version control and its hooks.
  /^\.(?:gitconfig|gitmodules|gitattributes|hgrc|gitconfig\..*)$/u,
  /^\.?(?:pre-commit-config|pre-commit-hooks|lefthook|lefthook-local|overcommit|husky|huskyrc|simple-git-hooks)(?:\..*)?$/u,
  /^\.lintstagedrc(?:\..*)?$|^lint-staged\.config\..*$/u,
  // Editors and the environments that they make.
  /^.*\.code-workspace$/u,
  /^(?:\.?devcontainer\.json|\.?devfile\.ya?ml|\.gitpod\.ya?ml|\.gitpod\.dockerfile|\.replit|.*\.sublime-project)$/u,
  // Agents.
  /^(?:agents?|claude|gemini|qwen|codex|crush|warp)(?:\.(?:local|override))?\.mdc?$/u,
  /^(?:\.(?:cursor|windsurf|cline|roo|kilo|aider|goose|continue)(?:rules|hints|ignore)(?:-.*)?|\.aider.*|\.goosehints|\.rules|replit\.md)$/u,
  /^(?:.*copilot-(?:instructions|setup-steps).*|.*\.instructions\.md|.*\.chatmode\.md|.*\.prompt\.md|skill\.md)$/u,
  /^(?:\.?mcp(?:-config|_config|-servers)?\.json|\.?opencode\.jsonc?|\.?crush\.json|claude_desktop_config\.json)$/u,
  // Jobs that run elsewhere.
  /^(?:\.gitlab-ci|\.travis|\.?appveyor|azure-pipelines.*|bitbucket-pipelines|cloudbuild|\.drone|\.cirrus|\.woodpecker|buildspec|codemagic|\.semaphore)\.ya?ml$/u,
  /^(?:jenkinsfile(?:\..*)?|dependabot\.ya?ml|renovate\.json5?|\.renovaterc(?:\.json5?)?|codeowners|crontab)$/u,
  // Settings of build tools and package managers that name programs and registries.
  /^(?:\.?mise(?:\..*)?\.toml|\.rtx\.toml|\.pnpmfile\.[cm]?js|pnpmfile\.[cm]?js|bunfig\.toml|pip\.conf|\.pydistutils\.cfg)$/u,
  /^(?:\.?bazelrc|\.bazeliskrc|\.condarc|\.gemrc|\.bundle|gradle\.properties|settings-security\.xml|nuget\.config|\.netrc\..*)$/u,
];

/** What is left when somebody keeps a copy beside a file. */
export const COPY_ENDINGS =
  /(?:~|\.(?:bak|backup|old|orig|save|saved|copy|swp|swo|tmp|dist|rej|gz|xz|bz2|zst|lzma|lz4?|z|\d{1,3}))+$/u;
