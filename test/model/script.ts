import { essay } from './essay.js';

/** A step of the script that is written in a prompt as `do:NAME(ARGUMENT)`. */
export interface Step {
  readonly name: string;
  readonly argument: string;
}

export interface Script {
  /** In order: what the model says and which tools it calls. */
  readonly steps: readonly Step[];
  /** Before each answer. */
  readonly delayMs: number;
  /** Between the words of an answer. */
  readonly chunkMs: number;
  /** Decides the pieces of the answer and the pauses between them; undefined: word by word. */
  readonly pieces: string | undefined;
  /** HTTP status for the first `times` requests of this prompt. */
  readonly failure: { readonly status: number; readonly times: number } | undefined;
}

export interface ToolCall {
  readonly tool: string;
  readonly input: unknown;
}

/** What a request is about, whatever API it came by. */
export interface Conversation {
  /** The last text of the user, without what the tool added to it. */
  readonly prompt: string;
  /** Tool results after it. */
  readonly results: number;
  /** Names of the tools that the model may call. */
  readonly tools: readonly string[];
  /** JSON schema that the answer must have, when one is asked for. */
  readonly schema: unknown;
}

/** One answer of the model. */
export interface Answer {
  readonly text: string;
  readonly call: ToolCall | undefined;
  /** Called at once with it. */
  readonly beside?: ToolCall | undefined;
  /** The text as it is streamed; undefined: word by word. */
  readonly pieces?: readonly string[] | undefined;
}

/** What the agent itself adds around the words of the person. */
const ADDED =
  /<(system-reminder|current_datetime|environment_context|user_instructions|permissions instructions|session_context)>[^]*?<\/\1>/g;

export function withoutAdditions(text: string): string {
  return text.replace(ADDED, '').trim();
}

const SETTINGS = new Set(['delay', 'chunk', 'pieces', 'fail']);

export function parseScript(prompt: string): Script {
  const steps: Step[] = [];
  let delayMs = 0;
  let chunkMs = 0;
  let pieces: string | undefined;
  let failure: Script['failure'];
  for (const step of directives(prompt)) {
    if (!SETTINGS.has(step.name)) steps.push(step);
    else if (step.name === 'delay') delayMs = Number(step.argument) * 1000;
    else if (step.name === 'chunk') chunkMs = Number(step.argument);
    else if (step.name === 'pieces') pieces = step.argument;
    else {
      const [status = '500', times = '1'] = step.argument.split(',');
      failure = { status: Number(status), times: Number(times) };
    }
  }
  return { steps, delayMs, chunkMs, pieces, failure };
}

/** `\u{200b}` is that sign: an input box may drop what cannot be seen. */
function unescaped(argument: string): string {
  return argument.replace(/\\u\{([\da-f]{1,6})\}/gu, (_, code: string) =>
    String.fromCodePoint(Number.parseInt(code, 16)),
  );
}

/** Parentheses inside the argument are allowed where they come in pairs. */
function* directives(prompt: string): Generator<Step> {
  const start = /do:([a-z]+)\(/g;
  for (let match = start.exec(prompt); match !== null; match = start.exec(prompt)) {
    let depth = 1;
    let end = start.lastIndex;
    for (; end < prompt.length && depth > 0; end++) {
      if (prompt[end] === '(') depth++;
      else if (prompt[end] === ')') depth--;
    }
    if (depth > 0) return;
    yield { name: match[1] ?? '', argument: unescaped(prompt.slice(start.lastIndex, end - 1)) };
    start.lastIndex = end;
  }
}

/** What the model answers: the script goes on behind the tool calls that already have results. */
export function answer(conversation: Conversation): Answer {
  const { prompt, tools, schema } = conversation;
  if (schema !== undefined) return { text: JSON.stringify(example(schema)), call: undefined };
  // Without tools it is one of the small requests an agent makes for itself, such as for a title.
  if (tools.length === 0) return { text: 'Scripted session', call: undefined };
  const { steps } = parseScript(prompt);
  let done = 0;
  let said: string[] = [];
  for (const step of steps) {
    if (step.name === 'say') {
      said.push(step.argument);
      continue;
    }
    if (step.name === 'essay') {
      const [seed = '', words = '500'] = step.argument.split(',');
      said.push(essay(seed, Number(words)));
      continue;
    }
    if (step.name === 'wall') {
      said.push(wall(Number(step.argument)));
      continue;
    }
    if (step.name === 'both') {
      const [call, beside] = step.argument.split(' | ').map((command) => toolCall('bash', command, tools));
      if (done === conversation.results) return { text: 'I will do both now.', call, beside };
      done += 2;
      continue;
    }
    for (const call of toolCalls(step, tools)) {
      if (call === undefined) {
        said.push(`I have no tool for ${step.name}; there are ${tools.join(', ')}.`);
      } else if (done === conversation.results) {
        return { text: [...said, `I will ${step.name} now.`].join('\n\n'), call };
      } else {
        done++;
        said = [];
      }
    }
  }
  return { text: [...said, `All done (${steps.length} steps).`].join('\n\n'), call: undefined };
}

/** Many lines, some of which read like the dialogs of agents. */
function wall(lines: number): string {
  const kinds = [
    'The build has finished and nothing was left undone.',
    'Do you want to proceed?',
    'Allow once, allow always or reject: that is what the dialog says.',
    'It is working (3s, esc to interrupt), and then it waits for you.',
    'Would you like to run the following command?',
  ];
  return Array.from({ length: lines }, (_, index) => `Line ${index + 1}: ${kinds[index % kinds.length]}`).join('\n\n');
}

/** The text that `do:write` puts into its file. */
export function writtenText(file: string): string {
  return `hello from the scripted model in ${file}\n`;
}

const OPTIONS = [
  { label: 'Red', description: 'the warm one' },
  { label: 'Blue', description: 'the cold one' },
];

/** One question of Copilot CLI, in a form of them. */
const COLOUR = { type: 'string', title: 'Colour', enum: OPTIONS.map(({ label }) => label) };

type Maker = (argument: string, tools: readonly string[]) => unknown;

/** How each agent calls its tools, by step and name of the tool. */
const MAKERS: Readonly<Record<string, Readonly<Record<string, Maker>>>> = {
  bash: {
    Bash: (command) => ({ command, description: 'Run a scripted command' }),
    bash: (command) => ({ command, description: 'Run a scripted command' }),
    exec_command: (cmd) => ({ cmd }),
    shell: (command) => ({ command: ['bash', '-lc', command] }),
    run_shell_command: (command) => ({ command }),
  },
  bashesc: {
    exec_command: (cmd) => ({ cmd, sandbox_permissions: 'require_escalated', justification: 'The script needs it.' }),
  },
  write: {
    Write: (file) => ({ file_path: file, content: writtenText(file) }),
    write: (file) => ({ filePath: file, content: writtenText(file) }),
    apply_patch: (file) => `*** Begin Patch\n*** Add File: ${file}\n+${writtenText(file)}*** End Patch`,
    write_file: (file) => ({ file_path: file, content: writtenText(file) }),
    create: (file) => ({ path: file, file_text: writtenText(file) }),
  },
  read: {
    Read: (file) => ({ file_path: file }),
    read: (file) => ({ filePath: file }),
    exec_command: (file) => ({ cmd: `cat ${file}` }),
    read_file: (file) => ({ file_path: file }),
    view: (file) => ({ path: file }),
  },
  edit: {
    Edit: (file) => ({ file_path: file, old_string: 'line two', new_string: 'line TWO edited' }),
    edit: (file, tools) =>
      tools.includes('view')
        ? { path: file, old_str: 'line two', new_str: 'line TWO edited' }
        : { filePath: file, oldString: 'line two', newString: 'line TWO edited' },
    apply_patch: (file) => `*** Begin Patch\n*** Update File: ${file}\n@@\n-line two\n+line TWO edited\n*** End Patch`,
    replace: (file) => ({
      file_path: file,
      instruction: 'Edit line two.',
      old_string: 'line two',
      new_string: 'line TWO edited',
    }),
  },
  ask: {
    AskUserQuestion: (question) => ({
      questions: [{ question, header: 'Colour', options: OPTIONS, multiSelect: false }],
    }),
    question: (question) => ({ questions: [{ question, header: 'Colour', options: OPTIONS }] }),
    ask_user: (question, tools) =>
      tools.includes('view')
        ? { message: question, requestedSchema: { properties: { colour: COLOUR }, required: ['colour'] } }
        : { questions: [{ question, header: 'Colour', type: 'choice', options: OPTIONS }] },
  },
};

/** These agents refuse to edit a file that they have not read. */
const READ_BEFORE_EDIT = new Set(['Read', 'read']);

function toolCalls({ name, argument }: Step, tools: readonly string[]): readonly (ToolCall | undefined)[] {
  if (name === 'tool') {
    const [, tool = '', input = ''] = /^\s*(\S+)\s*([^]*)$/.exec(argument) ?? [];
    return [{ tool, input: input === '' ? {} : (JSON.parse(input) as unknown) }];
  }
  const call = toolCall(name, argument, tools);
  const read = name === 'edit' ? toolCall('read', argument, tools) : undefined;
  return read !== undefined && READ_BEFORE_EDIT.has(read.tool) ? [read, call] : [call];
}

function toolCall(name: string, argument: string, tools: readonly string[]): ToolCall | undefined {
  const makers = MAKERS[name] ?? {};
  const tool = Object.keys(makers).find((candidate) => tools.includes(candidate));
  const make = tool === undefined ? undefined : makers[tool];
  return tool === undefined || make === undefined ? undefined : { tool, input: make(argument, tools) };
}

/** The smallest value that fits a JSON schema. */
export function example(schema: unknown): unknown {
  if (typeof schema !== 'object' || schema === null) return 'scripted';
  const { type, properties, enum: values } = schema as { type?: unknown; properties?: object; enum?: unknown[] };
  if (values !== undefined) return values[0];
  if (properties !== undefined) {
    return Object.fromEntries(Object.entries(properties).map(([name, inner]) => [name, example(inner)]));
  }
  switch (String(Array.isArray(type) ? type[0] : type).toLowerCase()) {
    case 'object':
      return {};
    case 'array':
      return [];
    case 'boolean':
      return false;
    case 'number':
    case 'integer':
      return 0;
    default:
      return 'Scripted session';
  }
}
