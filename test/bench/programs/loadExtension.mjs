// Loads the extension with something that stands in for the editor: node loadExtension.mjs BUNDLE FOLDER
// Prints as JSON how long compiling, loading and activating it took, in milliseconds.
import { readFileSync } from 'node:fs';
import Module, { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import vm from 'node:vm';

const require = createRequire(import.meta.url);
const [, , bundle, folder] = process.argv;

/**
 * Everything that may be asked of an API: a function, a class, an object, an empty list.
 * @param {readonly string[]} [names] what it lists as its own
 */
function anything(names = []) {
  const target = Object.assign(function () {}, Object.fromEntries(names.map((name) => [name, undefined])));
  const members = new Map();
  const proxy = new Proxy(target, {
    get: (_target, key) => {
      if (key === 'then') return undefined;
      if (key === 'prototype') return target.prototype;
      if (key === Symbol.toPrimitive) return () => '';
      if (key === Symbol.iterator) return () => [][Symbol.iterator]();
      if (!members.has(key)) members.set(key, anything());
      return members.get(key);
    },
    set: (_target, key, value) => {
      members.set(key, value);
      return true;
    },
    apply: () => anything(),
    construct: (_target, _args, made) => (made === proxy ? anything() : Object.create(made.prototype)),
  });
  return proxy;
}

/** The names that the editor's module exports. */
function exportedNames() {
  const types = readFileSync(require.resolve('@types/vscode/index.d.ts'), 'utf8');
  const found = types.matchAll(/^\texport (?:abstract )?(?:class|enum|namespace|const|let) (\w+)/gm);
  return [...new Set([...found].map(([, name]) => name))];
}

const vscode = anything(exportedNames());
const load = Module._load;
Module._load = (request, ...rest) => (request === 'vscode' ? vscode : load(request, ...rest));

const context = {
  subscriptions: [],
  extensionPath: dirname(dirname(bundle)),
  asAbsolutePath: (path) => join(dirname(dirname(bundle)), path),
  extensionUri: vscode.Uri.file(folder),
  globalStorageUri: { fsPath: join(folder, 'storage') },
  globalState: { get: (_key, value) => value, update: () => Promise.resolve(), keys: () => [] },
  workspaceState: { get: (_key, value) => value, update: () => Promise.resolve(), keys: () => [] },
  environmentVariableCollection: { prepend() {} },
  extension: vscode.extension,
};

const ms = () => Number(process.hrtime.bigint()) / 1e6;
const begun = ms();
new vm.Script(Module.wrap(readFileSync(bundle, 'utf8')), { filename: bundle });
const compiled = ms();
const extension = require(bundle);
const loaded = ms();
extension.activate(context);
const activated = ms();
process.stdout.write(
  JSON.stringify({ compile: compiled - begun, load: loaded - compiled, activate: activated - loaded }) + '\n',
);
process.exit(0);
