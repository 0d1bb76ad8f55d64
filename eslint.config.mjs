import js from '@eslint/js';
import tseslint from 'typescript-eslint';

const ZOD_AS_NAMESPACE = {
  selector: "ImportDeclaration[source.value='zod'] > :not(ImportNamespaceSpecifier):not(Literal)",
  message: "Write import * as z from 'zod': the named import keeps all locales in the bundle.",
};

/** Of `vscode.window` everything else shows text, which src/extension/editor makes harmless. */
const WINDOW = [
  'activeTerminal',
  'activeTextEditor',
  'onDidChangeActiveTerminal',
  'onDidChangeActiveTextEditor',
  'onDidChangeVisibleTextEditors',
  'onDidCloseTerminal',
  'registerUriHandler',
  'showOpenDialog',
  'showTextDocument',
  'state',
  'tabGroups',
  'visibleTextEditors',
];
const isWindow = "[object.name='vscode'][property.name='window']";
const message = 'Show text by src/extension/editor only: there nothing of it is a link, an icon or a command.';
const THROUGH_EDITOR = [
  {
    selector: `MemberExpression[object.object.name='vscode'][object.property.name='window']:not([property.name=/^(${WINDOW.join('|')})$/])`,
    message,
  },
  { selector: `MemberExpression[computed=true][object.object.name='vscode'][object.property.name='window']`, message },
  { selector: `:not(MemberExpression) > MemberExpression${isWindow}`, message },
  { selector: "MemberExpression[computed=true][object.name='vscode']", message },
  {
    selector:
      "VariableDeclarator[init.name='vscode'], VariableDeclarator[init.object.name='vscode'][init.property.name='window']",
    message,
  },
  {
    selector: "ImportDeclaration[source.value='vscode'] > ImportSpecifier",
    message: "Write import * as vscode from 'vscode'.",
  },
  { selector: 'NewExpression[callee.property.name=/^(MarkdownString|TreeItem|QuickPickItem)$/]', message },
  {
    selector:
      'MemberExpression[property.name=/^(createWebviewPanel|registerWebviewViewProvider|createStatusBarItem|createTerminal)$/]',
    message,
  },
  {
    selector:
      'AssignmentExpression[left.type="MemberExpression"][left.property.name=/^(label|description|tooltip|accessibilityInformation|badge|validationMessage)$/]:not([left.object.name="variables"])',
    message,
  },
];
const THROUGH_OUTPUT = [
  {
    selector: 'CallExpression[callee.property.name=/^(write|end)$/][callee.object.property.name=/^(stdout|stderr)$/]',
    message: 'Print by Output only: there no text can direct a terminal.',
  },
  {
    selector: 'CallExpression[callee.property.name=/^(write|end)$/][callee.object.name=/^(stdout|stderr)$/]',
    message: 'Print by Output only: there no text can direct a terminal.',
  },
];

export default tseslint.config(
  { ignores: ['node_modules', 'dist', 'out', '.vscode-test'] },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: {
      parserOptions: {
        project: ['./tsconfig.json', './src/extension/tsconfig.json'],
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrorsIgnorePattern: '^_' },
      ],
      '@typescript-eslint/no-confusing-void-expression': 'off',
      '@typescript-eslint/no-empty-function': 'off',
      '@typescript-eslint/no-misused-spread': 'off',
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/unbound-method': 'off',
      'no-control-regex': 'off',
      'no-console': 'error',
      'no-restricted-syntax': ['error', ZOD_AS_NAMESPACE],
    },
  },
  {
    files: ['src/extension/**/*.ts'],
    ignores: ['src/extension/editor/**'],
    rules: { 'no-restricted-syntax': ['error', ZOD_AS_NAMESPACE, ...THROUGH_EDITOR] },
  },
  {
    files: ['src/cli/**/*.ts'],
    ignores: ['src/cli/output.ts'],
    rules: { 'no-restricted-syntax': ['error', ZOD_AS_NAMESPACE, ...THROUGH_OUTPUT] },
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      '@typescript-eslint/no-floating-promises': [
        'error',
        {
          allowForKnownSafeCalls: [
            { from: 'package', name: ['test', 'it', 'describe', 'suite'], package: 'node:test' },
          ],
        },
      ],
    },
  },
  {
    files: ['**/*.mjs'],
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        setTimeout: 'readonly',
        clearTimeout: 'readonly',
        setInterval: 'readonly',
        clearInterval: 'readonly',
        URL: 'readonly',
        fetch: 'readonly',
        Buffer: 'readonly',
        AbortSignal: 'readonly',
        AbortController: 'readonly',
        performance: 'readonly',
        TextDecoder: 'readonly',
        TextEncoder: 'readonly',
      },
    },
    rules: {
      'no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrorsIgnorePattern: '^_' },
      ],
    },
  },
);
