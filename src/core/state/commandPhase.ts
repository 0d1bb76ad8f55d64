import type { Phase } from '../../protocol/screen.js';

const RUNNER =
  /\b(?:npm|pnpm|yarn|bun|deno)\s+(?:run\s+)?(?:t|test)\b|\b(?:go|cargo|mix|dotnet|swift|flutter|rake|rails|make|gradle|gradlew|mvn|mvnw|bazel)\s+(?:\S+\s+)*?(?:test|check|nextest)\b/u;
const PROGRAM =
  /(?:^|[\s;&|(/"'])(?:pytest|jest|vitest|mocha|ava|tox|nox|rspec|phpunit|ctest|unittest|playwright|cypress)\b/u;
const NODE = /\bnode\b.*\s--test\b/u;

/** What a command is about stands at its beginning. */
const LETTERS = 300;

/** Whether a command tests something, as far as its words tell. */
export function commandPhase(whole: string): Phase {
  const command = whole.slice(0, LETTERS);
  return RUNNER.test(command) || PROGRAM.test(command) || NODE.test(command) ? 'testing' : 'running';
}
