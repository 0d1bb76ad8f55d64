import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import ts from 'typescript';

/** The one argument that is not counted: what all parts of a machine's sessions are built with. */
export const SCOPE = 'SessionScope';

/** A constructor with the number of things that it takes. */
export interface Takes {
  readonly name: string;
  readonly file: string;
  readonly members: number;
}

interface Source {
  readonly file: ts.SourceFile;
  readonly types: ReadonlyMap<string, ts.InterfaceDeclaration | ts.TypeAliasDeclaration>;
  /** By the name that the file uses: file and name of what it imports. */
  readonly imports: ReadonlyMap<string, { readonly path: string; readonly name: string }>;
}

function read(path: string, text: string): Source {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const types = new Map<string, ts.InterfaceDeclaration | ts.TypeAliasDeclaration>();
  const imports = new Map<string, { path: string; name: string }>();
  for (const node of file.statements) {
    if (ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node)) types.set(node.name.text, node);
    if (!ts.isImportDeclaration(node) || !ts.isStringLiteral(node.moduleSpecifier)) continue;
    const bindings = node.importClause?.namedBindings;
    if (!bindings || !ts.isNamedImports(bindings) || !node.moduleSpecifier.text.startsWith('.')) continue;
    const from = resolve(dirname(path), node.moduleSpecifier.text).replace(/\.js$/, '.ts');
    for (const { name, propertyName } of bindings.elements)
      imports.set(name.text, { path: from, name: (propertyName ?? name).text });
  }
  return { file, types, imports };
}

/**
 * Counts what the constructors of some files take: each parameter is one thing, but an option bag is its members, those
 * of bags within it too. A bag is a type literal, or an interface or alias that is named `…Options` or is nothing but
 * such a one picked, joined or extended; one that is picked from counts what is picked.
 */
export class ConstructorCount {
  readonly #sources = new Map<string, Source>();

  constructor(files: readonly string[]) {
    for (const path of files) this.#sources.set(path, read(path, readFileSync(path, 'utf8')));
  }

  /** Adds a file that lies nowhere. */
  add(path: string, text: string): void {
    this.#sources.set(path, read(path, text));
  }

  all(): readonly Takes[] {
    const found: Takes[] = [];
    for (const [path, source] of this.#sources) {
      const visit = (node: ts.Node): void => {
        if (ts.isClassLike(node)) {
          const made = node.members.find((member) => ts.isConstructorDeclaration(member) && member.body !== undefined);
          if (made && ts.isConstructorDeclaration(made)) {
            const members = made.parameters.reduce((sum, { type }) => sum + this.#things(type, source, []), 0);
            found.push({ name: node.name?.text ?? '(class)', file: path, members });
          }
        }
        ts.forEachChild(node, visit);
      };
      visit(source.file);
    }
    return found;
  }

  /** How many things a value of a type is: 1 unless it is a bag, 0 for the scope. */
  #things(type: ts.TypeNode | undefined, source: Source, seen: readonly string[]): number {
    return this.#members(type, source, seen)?.size ?? (this.#isScope(type, source) ? 0 : 1);
  }

  /** Names of all that is in a bag; undefined for a type that is none. */
  #members(type: ts.TypeNode | undefined, source: Source, seen: readonly string[]): ReadonlySet<string> | undefined {
    if (type === undefined || this.#isScope(type, source)) return undefined;
    if (ts.isParenthesizedTypeNode(type)) return this.#members(type.type, source, seen);
    if (ts.isTypeLiteralNode(type)) return this.#named(type.members, source, seen);
    if (ts.isIntersectionTypeNode(type)) return joined(type.types.map((each) => this.#members(each, source, seen)));
    if (ts.isUnionTypeNode(type)) {
      const all = type.types.map((each) => this.#members(each, source, seen)).filter((each) => each !== undefined);
      return all.sort((a, b) => b.size - a.size)[0];
    }
    if (ts.isTypeOperatorNode(type)) return this.#members(type.type, source, seen);
    if (!ts.isTypeReferenceNode(type) || !ts.isIdentifier(type.typeName)) return undefined;
    const name = type.typeName.text;
    const [of, keys] = type.typeArguments ?? [];
    if (['Partial', 'Required', 'Readonly'].includes(name)) return this.#members(of, source, seen);
    if (name === 'Pick' || name === 'Omit') {
      const all = this.#members(of, source, seen);
      if (all === undefined) return undefined;
      const named = keys === undefined ? new Set<string>() : literals(keys);
      return new Set([...all].filter((each) => named.has(each.split('.')[0] ?? '') === (name === 'Pick')));
    }
    const found = this.#declaration(name, source);
    if (found === undefined || seen.includes(name)) return undefined;
    const inside = [...seen, name];
    if (ts.isTypeAliasDeclaration(found.node)) {
      const isBag = name.endsWith('Options') || !ts.isTypeLiteralNode(found.node.type);
      return isBag ? this.#members(found.node.type, found.source, inside) : undefined;
    }
    const bases = (found.node.heritageClauses ?? []).flatMap(({ types }) =>
      types.map((each) => this.#base(each, found.source, inside)),
    );
    if (!name.endsWith('Options') && !bases.some((each) => each !== undefined)) return undefined;
    return joined([this.#named(found.node.members, found.source, inside), ...bases]);
  }

  #base(
    base: ts.ExpressionWithTypeArguments,
    source: Source,
    seen: readonly string[],
  ): ReadonlySet<string> | undefined {
    if (!ts.isIdentifier(base.expression)) return undefined;
    return this.#members(ts.factory.createTypeReferenceNode(base.expression.text, base.typeArguments), source, seen);
  }

  #named(
    members: ts.NodeArray<ts.TypeElement>,
    source: Source,
    seen: readonly string[],
  ): ReadonlySet<string> | undefined {
    // What can only be called or indexed is no bag.
    if (members.some((member) => member.name === undefined)) return undefined;
    return new Set(
      members.flatMap((member) => {
        const name = member.name?.getText(source.file) ?? '';
        if (!ts.isPropertySignature(member)) return [name];
        if (this.#isScope(member.type, source)) return [];
        const inner = this.#members(member.type, source, seen);
        return inner === undefined ? [name] : [...inner].map((each) => `${name}.${each}`);
      }),
    );
  }

  #isScope(type: ts.TypeNode | undefined, source: Source): boolean {
    if (type === undefined || !ts.isTypeReferenceNode(type) || !ts.isIdentifier(type.typeName)) return false;
    const name = type.typeName.text;
    if (name === SCOPE) return true;
    if (name === 'Pick' || name === 'Omit') return this.#isScope(type.typeArguments?.[0], source);
    const found = this.#declaration(name, source);
    return found !== undefined && ts.isTypeAliasDeclaration(found.node) && this.#isScope(found.node.type, found.source);
  }

  #declaration(
    name: string,
    source: Source,
  ): { readonly node: ts.InterfaceDeclaration | ts.TypeAliasDeclaration; readonly source: Source } | undefined {
    const own = source.types.get(name);
    if (own !== undefined) return { node: own, source };
    const imported = source.imports.get(name);
    const other = imported && this.#sources.get(imported.path);
    return other && this.#declaration(imported.name, other);
  }
}

function joined(all: readonly (ReadonlySet<string> | undefined)[]): ReadonlySet<string> | undefined {
  const bags = all.filter((each) => each !== undefined);
  return bags.length === 0 ? undefined : new Set(bags.flatMap((each) => [...each]));
}

function literals(type: ts.TypeNode): ReadonlySet<string> {
  const all = ts.isUnionTypeNode(type) ? type.types : [type];
  return new Set(
    all.flatMap((each) => (ts.isLiteralTypeNode(each) && ts.isStringLiteral(each.literal) ? [each.literal.text] : [])),
  );
}
