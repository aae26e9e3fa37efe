/** One difference between two JSON values. */
export interface Change {
  /** `selectors[0].value`; a key with other characters stands in quotation marks. */
  path: string;
  kind: 'added' | 'removed' | 'changed';
  before?: string;
  after?: string;
}

type Json = unknown;

const isObject = (value: Json): value is Record<string, Json> => typeof value === 'object' && value !== null && !Array.isArray(value);
const isText = (value: Json): value is string[] => Array.isArray(value) && value.every((item) => typeof item === 'string');

/** A value on one line: text as it is, everything else as JSON. */
const say = (value: Json): string => (typeof value === 'string' ? value : JSON.stringify(value));

const plainKey = /^[\w-]+$/;
function inside(path: string, key: string): string {
  const name = plainKey.test(key) ? key : JSON.stringify(key);
  return path === '' ? name : `${path}.${name}`;
}

const isEmpty = (value: Json): boolean => (Array.isArray(value) ? value.length === 0 : isObject(value) && Object.keys(value).length === 0);

/** Every leaf of a value that is only on one side. */
function leaves(path: string, value: Json, kind: 'added' | 'removed'): Change[] {
  if (!isEmpty(value)) {
    if (Array.isArray(value)) return value.flatMap((item, i) => leaves(isText(value) ? path : `${path}[${i}]`, item, kind));
    if (isObject(value)) return Object.keys(value).flatMap((key) => leaves(inside(path, key), value[key], kind));
  }
  return [{ path, kind, [kind === 'added' ? 'after' : 'before']: say(value) }];
}

/** Lists of names, such as actions, are sets: what came and what went, wherever it stood. */
function namesDiff(path: string, before: string[], after: string[]): Change[] {
  const [had, has] = [new Set(before), new Set(after)];
  const gone = before.filter((name) => !has.has(name)).map((name): Change => ({ path, kind: 'removed', before: name }));
  const came = after.filter((name) => !had.has(name)).map((name): Change => ({ path, kind: 'added', after: name }));
  if (gone.length + came.length > 0) return [...gone, ...came];
  return say(before) === say(after) ? [] : [{ path, kind: 'changed', before: say(before), after: say(after) }];
}

function arrayDiff(path: string, before: Json[], after: Json[]): Change[] {
  if (isText(before) && isText(after)) return namesDiff(path, before, after);
  return Array.from({ length: Math.max(before.length, after.length) }, (_, i) => i).flatMap((i) => {
    const place = `${path}[${i}]`;
    if (i >= before.length) return leaves(place, after[i], 'added');
    if (i >= after.length) return leaves(place, before[i], 'removed');
    return valueDiff(place, before[i], after[i]);
  });
}

function objectDiff(path: string, before: Record<string, Json>, after: Record<string, Json>): Change[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].sort().flatMap((key) => {
    const place = inside(path, key);
    if (!Object.hasOwn(before, key)) return leaves(place, after[key], 'added');
    if (!Object.hasOwn(after, key)) return leaves(place, before[key], 'removed');
    return valueDiff(place, before[key], after[key]);
  });
}

function valueDiff(path: string, before: Json, after: Json): Change[] {
  if (isObject(before) && isObject(after)) return objectDiff(path, before, after);
  if (Array.isArray(before) && Array.isArray(after)) return arrayDiff(path, before, after);
  const [was, is] = [JSON.stringify(before), JSON.stringify(after)];
  if (was === is) return [];
  // 1 and "1" must not look alike.
  const alike = say(before) === say(after);
  return [{ path, kind: 'changed', before: alike ? was : say(before), after: alike ? is : say(after) }];
}

/** What a change replaced and made, by path; a missing side is a creation or a deletion. */
export function diff(before: Record<string, Json> | undefined, after: Record<string, Json> | undefined): Change[] {
  return objectDiff('', before ?? {}, after ?? {});
}
