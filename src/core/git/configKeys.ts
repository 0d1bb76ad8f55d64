/** What a key of a git configuration can do: run a program, lead to another place, or neither. */
export type KeyKind = 'program' | 'place' | 'harmless';

/** Keys in whose value, or by whose value, a program is run. `*` is a name of anybody's choice. */
const PROGRAMS: readonly string[] = [
  'alias.*',
  'browser.*.cmd',
  'browser.*.path',
  'core.alternateRefsCommand',
  'core.askPass',
  'core.editor',
  'core.fsmonitor',
  'core.fsmonitorHookVersion',
  'core.gitProxy',
  'core.hooksPath',
  'core.pager',
  'core.sshCommand',
  'core.useBuiltinFSMonitor',
  'credential.helper',
  'credential.*.helper',
  'diff.external',
  'diff.guitool',
  'diff.tool',
  'diff.*.command',
  'diff.*.textconv',
  'difftool.guiDefault',
  'difftool.*.cmd',
  'difftool.*.path',
  'extensions.partialClone',
  'filter.*.clean',
  'filter.*.process',
  'filter.*.required',
  'filter.*.smudge',
  'fsmonitor.*',
  'gc.recentObjectsHook',
  'gpg.format',
  'gpg.program',
  'gpg.ssh.defaultKeyCommand',
  'gpg.*.program',
  'guitool.*.cmd',
  'hook.*.command',
  'hook.*.event',
  'imap.tunnel',
  'instaweb.browser',
  'instaweb.httpd',
  'help.browser',
  'interactive.diffFilter',
  'maintenance.strategy',
  'man.viewer',
  'man.*.cmd',
  'man.*.path',
  'merge.guitool',
  'merge.tool',
  'merge.*.driver',
  'mergetool.*.cmd',
  'mergetool.*.path',
  'mergetool.vimdiff.layout',
  'pager.*',
  'protocol.allow',
  'protocol.*.allow',
  'receive.procReceiveRefs',
  'remote.*.partialclonefilter',
  'remote.*.promisor',
  'remote.*.receivepack',
  'remote.*.uploadpack',
  'remote.*.vcs',
  'rebase.instructionFormat',
  'sendemail.*',
  'sequence.editor',
  'ssh.variant',
  'submodule.*.update',
  'svn-remote.*',
  'tar.*.command',
  'trailer.*.cmd',
  'trailer.*.command',
  'uploadpack.packObjectsHook',
  'web.browser',
];

/** Keys by which git reads, writes or connects elsewhere, or counts another repository as safe. */
const PLACES: readonly string[] = [
  'blame.ignoreRevsFile',
  'bundle.*.uri',
  'commit.template',
  'core.attributesFile',
  'core.excludesFile',
  'core.worktree',
  'credential.*',
  'extensions.worktreeConfig',
  'diff.orderFile',
  'fetch.bundleURI',
  'fetch.fsck.skipList',
  'format.outputDirectory',
  'format.signatureFile',
  'fsck.skipList',
  'gitcvs.*',
  'gitweb.*',
  'gpg.ssh.allowedSignersFile',
  'gpg.ssh.revocationFile',
  'help.htmlPath',
  'http.*',
  'imap.*',
  'include.path',
  'instaweb.modulePath',
  'includeIf.*.path',
  'init.templateDir',
  'mailmap.blob',
  'mailmap.file',
  'maintenance.repo',
  'receive.certNonceSeed',
  'receive.fsck.skipList',
  'remote.*.proxy',
  'remote.*.proxyAuthMethod',
  'remote.*.pushurl',
  'remote.*.url',
  'safe.bareRepository',
  'safe.directory',
  'scalar.repo',
  'submodule.*.url',
  'trace2.*',
  'url.*.insteadOf',
  'url.*.pushInsteadOf',
  'user.signingKey',
];

/** A key that is in no list, as newer versions of git have them, is taken for what it sounds like. */
const SOUNDS_LIKE_PROGRAM =
  /command|program|helper|hook|driver|cmd|tool|process|pager|editor|askpass|textconv|clean|smudge|external|exec|proxy|script|(?<!p)run/iu;
const SOUNDS_LIKE_PLACE = /path|file|dir|url|include|worktree|template|server|socket/iu;

const programs = PROGRAMS.map(matcher);
const places = PLACES.map(matcher);

/**
 * What a key can do.
 * @param key as git lists it: section and name in small letters, or as the documentation writes it
 * @param harmless whether a list that the caller has says so; what is in no list is judged by its name
 */
export function keyKind(key: string, harmless: (key: string) => boolean = () => false): KeyKind {
  const known = listedKind(key);
  if (known !== undefined) return known;
  if (harmless(key)) return 'harmless';
  const name = key.slice(key.lastIndexOf('.') + 1);
  return SOUNDS_LIKE_PROGRAM.test(name) ? 'program' : SOUNDS_LIKE_PLACE.test(name) ? 'place' : 'harmless';
}

/** What the lists say of a key; undefined when it is in none. */
export function listedKind(key: string): 'program' | 'place' | undefined {
  if (programs.some((fits) => fits(key))) return 'program';
  return places.some((fits) => fits(key)) ? 'place' : undefined;
}

/** All of them, as they are written here. */
export const LISTED_KEYS: readonly string[] = [...PROGRAMS, ...PLACES];

/**
 * Taken over from a repository's own configuration: what its objects and files are like, and nothing that runs, leads
 * elsewhere or connects. Every other key of a repository is left out, known or not.
 */
const TAKEN = [
  'core.repositoryformatversion',
  'core.filemode',
  'core.symlinks',
  'core.ignorecase',
  'core.precomposeunicode',
  'core.autocrlf',
  'core.eol',
  'core.safecrlf',
  'core.checkroundtripencoding',
  'core.trustctime',
  'core.checkstat',
  'core.bigfilethreshold',
  'core.sparsecheckout',
  'core.sparsecheckoutcone',
  'index.sparse',
  'extensions.objectformat',
  'extensions.compatobjectformat',
  'extensions.refstorage',
  'extensions.preciousobjects',
  'extensions.noop',
].map(matcher);

/** Whether a repository's own value of this key counts without a question; some versions take an address in its place. */
export function isTaken(key: string, value = ''): boolean {
  return TAKEN.some((fits) => fits(key)) && !/[/:\\]/u.test(value);
}

/** Without these a checkout or a comparison can be wrong: filters of files, and objects that are fetched when needed. */
const NEEDED = [
  'filter.*.clean',
  'filter.*.smudge',
  'filter.*.process',
  'filter.*.required',
  'extensions.partialclone',
  'remote.*.promisor',
  'remote.*.partialclonefilter',
].map(matcher);

/** Whether the value makes git fetch objects when it needs them, wherever its remotes are. */
export function makesFetch(key: string): boolean {
  return isAskedAbout(key) && !key.startsWith('filter.');
}

/** Where a remote is: asked about where something would be fetched from it. */
export const isRemoteUrl = matcher('remote.*.url');

/** Whether the person is asked about a repository's own value of this key. */
export function isAskedAbout(key: string): boolean {
  return NEEDED.some((fits) => fits(key));
}

/** At most one `*`, which stands for at least one letter. */
function matcher(pattern: string): (key: string) => boolean {
  const [start = '', end] = pattern.toLowerCase().split('*');
  if (end === undefined) return (key) => key.toLowerCase() === start;
  return (key) => {
    const small = key.toLowerCase();
    return small.length > start.length + end.length && small.startsWith(start) && small.endsWith(end);
  };
}
