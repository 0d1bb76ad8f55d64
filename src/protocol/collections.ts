import * as z from 'zod';
import { Context, Machine } from './context.js';
import { NO_POLICY, PolicyState } from './policy.js';
import { Session } from './session.js';

interface Collection<Member extends string, Schema extends z.ZodType<{ id: string }>> {
  /** What one record is called: in its events, as `session/changed`. */
  readonly member: Member;
  readonly record: Schema;
  /** Whether a record is part of the picture; who shows another one asks for it. Default: always. */
  readonly isShown?: (record: z.infer<Schema>) => boolean;
}

function collection<Member extends string, Schema extends z.ZodType<{ id: string }>>(
  described: Collection<Member, Schema>,
): Collection<Member, Schema> {
  return described;
}

/** Everything of which clients hold all records: snapshot, events and the store of a client follow from an entry. */
export const COLLECTIONS = {
  machines: collection({ member: 'machine', record: Machine }),
  contexts: collection({ member: 'context', record: Context }),
  sessions: collection({ member: 'session', record: Session, isShown: ({ archived }) => !archived }),
};
type Collections = typeof COLLECTIONS;
export type CollectionName = keyof Collections;
export type RecordOf<Name extends CollectionName> = z.infer<Collections[Name]['record']>;
type MemberOf<Name extends CollectionName> = Collections[Name]['member'];

export const COLLECTION_NAMES = Object.keys(COLLECTIONS) as readonly CollectionName[];

type Changed<Name extends CollectionName> = { type: `${MemberOf<Name>}/changed` } & {
  [Member in MemberOf<Name>]: RecordOf<Name>;
};
/** `name` is what people called it. */
interface Removed<Name extends CollectionName> {
  type: `${MemberOf<Name>}/removed`;
  id: string;
  name: string;
}
/** What became of one record of a collection. */
export type RecordChange = { [Name in CollectionName]: Changed<Name> | Removed<Name> }[CollectionName];

/** The messages of {@link RecordChange}, one schema each. */
export const RECORD_CHANGES = Object.values(COLLECTIONS).flatMap(({ member, record }) => [
  z.object({ type: z.literal(`${member}/changed`), [member]: record }),
  z.object({ type: z.literal(`${member}/removed`), id: z.string(), name: z.string().default('') }),
]);

/** All records of all collections that are shown. */
type Records = { [Name in CollectionName]: RecordOf<Name>[] };
/** All that a client shows; archived sessions are asked for with `session/list`. */
export type Snapshot = Records & { policy: PolicyState };
const arrays = Object.fromEntries(COLLECTION_NAMES.map((name) => [name, z.array(COLLECTIONS[name].record)]));
export const Snapshot = z.object({
  ...(arrays as unknown as { [Name in CollectionName]: z.ZodType<RecordOf<Name>[]> }),
  policy: PolicyState.default(NO_POLICY),
});

/** What a change says of a record; undefined when it is about none. */
export function recordChange(
  change: RecordChange | { readonly type: string },
):
  | { readonly collection: CollectionName; readonly id: string; readonly record: RecordOf<CollectionName> | undefined }
  | undefined {
  const [member, what] = change.type.split('/');
  const name = COLLECTION_NAMES.find((each) => COLLECTIONS[each].member === member);
  if (name === undefined) return undefined;
  if (what === 'removed') return { collection: name, id: (change as { readonly id: string }).id, record: undefined };
  if (what !== 'changed') return undefined;
  const record = (change as unknown as Readonly<Record<string, RecordOf<CollectionName>>>)[COLLECTIONS[name].member];
  return record && { collection: name, id: record.id, record: isShown(name, record) ? record : undefined };
}

function isShown(name: CollectionName, record: RecordOf<CollectionName>): boolean {
  const { isShown: test } = COLLECTIONS[name] as Collection<string, z.ZodType<{ id: string }>>;
  return test === undefined || test(record);
}
