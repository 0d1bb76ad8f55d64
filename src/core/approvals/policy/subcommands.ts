const list = (text = ''): ReadonlySet<string> => new Set(text.split(/\s+/u).filter((word) => word !== ''));

/** A program whose first name says what it does. */
export interface Subcommands {
  /** Options in front of that name which take nothing. */
  readonly flags: ReadonlySet<string>;
  /** The options that take the next word, or a value behind `=`. */
  readonly values: ReadonlySet<string>;
  /** Flags that may stand there although a rule does not say them. */
  readonly safe: ReadonlySet<string>;
  /** More names may follow these: they are what it is done with. */
  readonly plain: ReadonlySet<string>;
  /** Of those, the ones that run no code of the project. */
  readonly quiet: ReadonlySet<string>;
  /** The subcommands that bring in what the names behind them say, from everywhere: a rule says all names. */
  readonly installs: ReadonlySet<string>;
  /** Of all, the ones that reach other hosts, besides those that bring something in. */
  readonly reaching: ReadonlySet<string>;
  /** All others that it has itself, where people may give names of their own to any of them. Empty: they may not. */
  readonly others: ReadonlySet<string>;
  /** Other names for some of them. */
  readonly aliases: Readonly<Record<string, string>>;
}

interface Source {
  readonly flags?: string;
  readonly values?: string;
  readonly safe?: string;
  readonly plain?: string;
  readonly quiet?: string;
  readonly installs?: string;
  readonly reaching?: string;
  readonly others?: string;
  readonly aliases?: string;
}

function subcommands({ flags, values, safe, plain, quiet, installs, reaching, others, aliases }: Source): Subcommands {
  const pairs = [...list(aliases)].map((pair) => pair.split('='));
  return {
    flags: list(`${flags ?? ''} ${safe ?? ''}`),
    values: list(values),
    safe: list(safe),
    plain: list(`${plain ?? ''} ${quiet ?? ''}`),
    quiet: list(quiet),
    installs: list(installs),
    reaching: list(reaching),
    others: list(others),
    aliases: Object.fromEntries(pairs.map(([from = '', to = '']) => [from, to])),
  };
}

const NODE_FLAGS =
  '-s --silent -q --quiet -d --verbose -g --global -f --force -y --yes -D -S -w --workspaces --json --offline -r ' +
  '--recursive --no-color --color --ignore-scripts --parallel --stream --frozen-lockfile --immutable';
const NODE_VALUES =
  '-C --prefix --cwd --dir --registry --userconfig --globalconfig --cache -w --workspace --filter -F --loglevel ' +
  '--script-shell --node-options --use-node-version --shell --reporter --mutex --config';
const NODE_INSTALLS =
  'install add ci update uninstall link rebuild audit dedupe install-test install-ci-test prune import up upgrade';
const NODE_ALIASES =
  'i=install in=install ins=install inst=install insta=install instal=install isnt=install isnta=install ' +
  'isntal=install isntall=install a=add clean-install=ci ic=ci install-clean=ci isntall-clean=ci up=update ' +
  'upgrade=update udpate=update un=uninstall unlink=uninstall remove=uninstall rm=uninstall r=uninstall ln=link ' +
  'rb=rebuild ddp=dedupe it=install-test cit=install-ci-test t=test tst=test run-script=run rum=run urn=run ls=list ' +
  'la=list ll=list why=explain x=exec pub=publish c=config';
const CONTAINER: Source = {
  flags: '-D --debug --tls --tlsverify -r --remote --help -v --version',
  values:
    '-c --context -H --host -l --log-level --config --tlscacert --tlscert --tlskey --connection --url --identity --root ' +
    '--runroot --storage-driver --log-opt --module',
  quiet: 'ps images logs inspect version info stats top diff port history',
  reaching: 'push login search run create build compose buildx',
  installs: 'pull',
};
const PIP: Source = {
  flags:
    '-q --quiet -v --verbose --no-input --isolated --require-virtualenv --no-color --disable-pip-version-check --debug',
  values: '--python --log --proxy --retries --timeout --cert --client-cert --cache-dir --trusted-host --exists-action',
  quiet: 'list show freeze check',
  installs: 'install download wheel uninstall',
};
const APT: Source = {
  flags: '-q -qq -y --yes -s --simulate --dry-run -d -f -V -u -m',
  values: '-o --option -c --config-file -t --target-release -a --host-architecture',
  installs: 'install reinstall remove purge update upgrade full-upgrade dist-upgrade build-dep source download satisfy',
};
const YUM: Source = {
  flags: '-q --quiet -y --assumeyes -v --verbose -C --cacheonly -4 -6',
  values: '-c --config --installroot --enablerepo --disablerepo --repo --releasever --setopt -x --exclude -d -e',
  installs: 'install reinstall remove erase update upgrade downgrade localinstall groupinstall swap',
};

export const SUBCOMMANDS: Readonly<Record<string, Subcommands>> = {
  git: subcommands({
    safe: '--no-pager -P --no-optional-locks --literal-pathspecs --no-replace-objects --no-advice',
    flags: '-p --paginate --bare --glob-pathspecs --noglob-pathspecs --icase-pathspecs --no-lazy-fetch',
    values: '-C -c --git-dir --work-tree --namespace --exec-path --super-prefix --config-env --attr-source --list-cmds',
    plain: 'rebase',
    quiet:
      'status diff log show add commit rm mv restore checkout switch branch tag stash merge cherry-pick revert reset ' +
      'blame annotate describe rev-parse rev-list ls-files ls-tree cat-file shortlog reflog show-ref for-each-ref ' +
      'merge-base name-rev diff-tree diff-index diff-files count-objects check-ignore check-attr range-diff cherry ' +
      'whatchanged show-branch version clean gc fsck',
    reaching: 'push pull fetch clone ls-remote send-pack send-email submodule request-pull svn p4 lfs',
    others:
      'push pull fetch clone remote submodule config bisect worktree init apply am archive bundle credential daemon ' +
      'difftool mergetool fast-export fast-import filter-branch format-patch send-email grep help hook imap-send instaweb ' +
      'ls-remote maintenance notes p4 prune read-tree replace rerere sparse-checkout svn symbolic-ref update-index ' +
      'update-ref upload-pack receive-pack var verify-commit verify-tag write-tree commit-tree hash-object mktag mktree ' +
      'pack-refs pack-objects repack unpack-objects verify-pack request-pull shell stage subtree quiltimport gui gitk ' +
      'citool bugreport diagnose checkout-index index-pack interpret-trailers mailinfo mailsplit merge-file merge-tree',
  }),
  npm: subcommands({
    flags: NODE_FLAGS,
    values: NODE_VALUES,
    safe: '--silent -s',
    plain: 'test run start restart stop',
    reaching: 'publish view search outdated ping exec create init login whoami fund',
    quiet: 'list outdated explain root fund query ping prefix',
    installs: NODE_INSTALLS,
    aliases: NODE_ALIASES,
  }),
  pnpm: subcommands({
    flags: NODE_FLAGS,
    values: NODE_VALUES,
    safe: '--silent',
    plain: 'test run start restart stop',
    reaching: 'publish view search outdated dlx create login whoami',
    quiet: 'list outdated why root licenses',
    installs: `${NODE_INSTALLS} fetch remove`,
    aliases: 'i=install t=test rm=remove un=remove uninstall=remove ls=list la=list ll=list ln=link up=update c=config',
  }),
  yarn: subcommands({
    flags: NODE_FLAGS,
    values: NODE_VALUES,
    safe: '--silent',
    plain: 'test run start',
    reaching: 'publish info npm outdated dlx create login',
    quiet: 'list outdated why info licenses',
    installs: `${NODE_INSTALLS} remove global`,
    aliases: 'upgrade=up',
  }),
  docker: subcommands(CONTAINER),
  podman: subcommands(CONTAINER),
  nerdctl: subcommands(CONTAINER),
  kubectl: subcommands({
    flags: '--insecure-skip-tls-verify --match-server-version --warnings-as-errors -A --all-namespaces',
    values:
      '-n --namespace --context --cluster --kubeconfig -s --server --user --token --as --as-group --as-uid --cache-dir ' +
      '--certificate-authority --client-certificate --client-key --request-timeout --tls-server-name -v --v -l --selector ' +
      '-f --filename -o --output --profile --profile-output --password --username',
  }),
  helm: subcommands({
    flags: '--debug --kube-insecure-skip-tls-verify',
    values:
      '-n --namespace --kube-context --kubeconfig --kube-apiserver --kube-token --kube-as-user --kube-as-group ' +
      '--kube-ca-file --kube-tls-server-name --registry-config --repository-cache --repository-config --burst-limit --qps',
  }),
  gh: subcommands({
    flags: '--help --version',
    values: '-R --repo --hostname',
    others:
      'auth browse codespace gist issue org pr project release repo cache run workflow agent-task alias api attestation ' +
      'completion config extension gpg-key label preview ruleset search secret ssh-key status variable help',
  }),
  glab: subcommands({ flags: '--help --version', values: '-R --repo -g --group --hostname' }),
  cargo: subcommands({
    flags: '-v -vv --verbose -q --quiet --frozen --locked --offline --list',
    values: '-C --config -Z --color --explain --manifest-path --target-dir',
    safe: '-q --quiet --locked --offline --frozen',
    plain: 'test build check clippy doc fmt bench run clean nextest',
    reaching: 'search publish yank owner login',
    quiet: 'tree metadata version search',
    installs: 'install add update fetch vendor uninstall remove upgrade',
    others:
      'publish yank owner login logout package init new config fix rustc rustdoc report locate-project pkgid ' +
      'verify-project read-manifest generate-lockfile info help miri expand',
    aliases: 't=test b=build c=check d=doc r=run rm=remove',
  }),
  go: subcommands({
    values: '-C',
    plain: 'test build vet',
    quiet: 'fmt list version doc',
    installs: 'get install work mod',
  }),
  pip: subcommands(PIP),
  pipenv: subcommands({
    flags: '-q --quiet -v --verbose --clear --bare',
    values: '--python --pypi-mirror',
    quiet: 'graph check',
    installs: 'install uninstall update sync upgrade lock',
  }),
  uv: subcommands({
    flags:
      '-q --quiet -v --verbose --offline --no-progress --no-cache -n --native-tls --no-config --no-python-downloads',
    values: '--project --directory --config-file --cache-dir --color --allow-insecure-host --python-preference',
    quiet: 'tree version',
    installs: 'add remove sync lock self python venv',
  }),
  poetry: subcommands({
    flags: '-q --quiet -v -vv -vvv --verbose -n --no-interaction --ansi --no-ansi --no-plugins --no-cache',
    values: '-C --directory -P --project',
    quiet: 'check show version',
    installs: 'install add update lock remove sync self',
  }),
  bundle: subcommands({ values: '--gemfile', quiet: 'list show info check', installs: 'install update add remove' }),
  gem: subcommands({ quiet: 'list info which', installs: 'install update uninstall fetch push' }),
  composer: subcommands({
    flags: '-q --quiet -v -vv -vvv --verbose -n --no-interaction --ansi --no-ansi --no-plugins --no-scripts --no-cache',
    values: '-d --working-dir',
    quiet: 'show validate outdated licenses',
    installs: 'install update require remove global create-project',
  }),
  brew: subcommands({
    flags: '-q --quiet -v --verbose -d --debug',
    quiet: 'list info outdated deps leaves',
    installs: 'install reinstall uninstall upgrade update tap untap fetch link unlink services bundle',
  }),
  apt: subcommands(APT),
  'apt-get': subcommands(APT),
  aptitude: subcommands(APT),
  dnf: subcommands(YUM),
  yum: subcommands(YUM),
  apk: subcommands({ values: '-p --root -X --repository --cache-dir', installs: 'add del update upgrade fix fetch' }),
  pacman: subcommands({ values: '-b -r --root --dbpath --config' }),
  snap: subcommands({ installs: 'install refresh remove' }),
  flatpak: subcommands({ flags: '-v -vv --user --system', installs: 'install update uninstall' }),
  conda: subcommands({ installs: 'install create update remove', quiet: 'list info' }),
  dotnet: subcommands({
    flags: '-d --diagnostics',
    plain: 'test build',
    installs: 'add restore remove nuget workload',
  }),
  systemctl: subcommands({
    flags:
      '--user --system --global -q --quiet --no-block --no-wall --now -f --force -a --all --no-pager --no-ask-password',
    values:
      '-H --host -M --machine -t --type -p --property -s --signal --root --state -n --lines -o --output --job-mode',
  }),
  terraform: subcommands({ values: '-chdir', quiet: 'fmt version providers graph' }),
  tofu: subcommands({ values: '-chdir', quiet: 'fmt version providers graph' }),
  aws: subcommands({
    flags:
      '--debug --no-verify-ssl --no-paginate --no-sign-request --no-cli-pager --cli-auto-prompt --no-cli-auto-prompt',
    values:
      '--profile --region --endpoint-url --output --query --color --ca-bundle --cli-read-timeout --cli-connect-timeout ' +
      '--cli-binary-format',
  }),
  gcloud: subcommands({
    flags: '-q --quiet --log-http --user-output-enabled --no-user-output-enabled',
    values:
      '--project --account --configuration --verbosity --format --impersonate-service-account --billing-project ' +
      '--flags-file --flatten --trace-token --access-token-file',
  }),
  az: subcommands({ flags: '--debug --verbose --only-show-errors', values: '--subscription -o --output --query' }),
  hg: subcommands({
    flags: '-y --noninteractive -q --quiet -v --verbose --debug --traceback --time --profile --hidden',
    values: '-R --repository --cwd --color --config --encoding --pager',
    reaching: 'push pull clone incoming outgoing',
    quiet: 'status diff log summary annotate cat files manifest',
    others: 'push pull clone commit update config serve incoming outgoing add remove merge revert shelve unshelve',
  }),
  svn: subcommands({
    flags: '-q --quiet -v --verbose --non-interactive --no-auth-cache --trust-server-cert',
    values: '--username --password --config-dir --config-option',
    quiet: 'status diff log info list cat blame',
  }),
  jj: subcommands({
    flags: '--ignore-working-copy --ignore-immutable --debug --quiet --no-pager',
    values: '-R --repository --at-operation --at-op --color --config --config-file',
  }),
  deno: subcommands({ flags: '-q --quiet', values: '-L --log-level', installs: 'install add cache' }),
  bun: subcommands({
    flags: '--silent -b --bun',
    values: '--cwd -c --config',
    installs: 'install add update remove link',
  }),
};
