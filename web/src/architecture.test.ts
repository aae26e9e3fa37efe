// @vitest-environment node
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';

const src = import.meta.dirname;
const code = /\.(ts|tsx)$/;
const generated = /\.gen\.ts$/;
const specifier = /(?:\bfrom\s*|\bimport\s*\(?\s*|\bmock\(\s*)(['"])(@\/[^'"]+|\.{1,2}\/[^'"]+)\1/g;

/** Rooms of src, and what of src each may import beside itself. A room that is not here fails the test. */
const rooms: Record<string, string[]> = {
  lib: [],
  api: ['lib'],
  ui: ['api', 'lib'],
  shell: ['api', 'lib', 'ui'],
  features: ['api', 'lib', 'ui'],
  routes: ['api', 'features', 'lib', 'shell', 'ui'],
};

interface Import {
  file: string;
  target: string;
}

const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((file) => code.test(file));
const read = (file: string) => readFileSync(join(src, file), 'utf8');
const roomOf = (path: string) => (path.includes('/') ? path.slice(0, path.indexOf('/')) : '');
const featureOf = (path: string) => path.split('/')[1];

/** What a file imports of src, as paths below src. */
function importsOf(file: string, text: string): Import[] {
  return [...text.matchAll(specifier)].map(([, , path = '']) => ({
    file,
    target: path.startsWith('@/') ? path.slice(2) : normalize(join(dirname(file), path)),
  }));
}

function forbidden({ file, target }: Import): boolean {
  const [from, to] = [roomOf(file), roomOf(target)];
  if (from === '') return false; // main.tsx and router.ts put it together
  if (from === 'features' && to === 'features') return featureOf(file) !== featureOf(target);
  return from !== to && !rooms[from]?.includes(to);
}

const lines = (text: string) => text.trimEnd().split('\n').length;
const say = ({ file, target }: Import) => `${file} imports ${target}`;

describe('architecture', () => {
  it('has no room that the table does not name', () => {
    const unknown = files.filter((file) => roomOf(file) !== '' && !(roomOf(file) in rooms));
    expect(unknown).toEqual([]);
  });

  it('lets no room import what the table does not give it, and no feature another', () => {
    const wrong = files.filter((file) => !generated.test(file)).flatMap((file) => importsOf(file, read(file)).filter(forbidden));
    expect(wrong.map(say)).toEqual([]);
  });

  it('sees every way of importing', () => {
    const text = `
      import { a } from '@/features/clients/a';
      import type { B } from "../clients/b";
      import '../clients/c.css';
      export * from '../clients/d';
      const e = () => import('../clients/e');
      import { f } from './f';
      import { g } from '@/ui/g';
      import { h } from '@/shell/h';
      import { i } from '@mantine/core';
      import { j } from '@/routes/j';`;
    const wrong = importsOf('features/access/x.ts', text).filter(forbidden);
    expect(wrong.map(({ target }) => target)).toEqual([
      'features/clients/a',
      'features/clients/b',
      'features/clients/c.css',
      'features/clients/d',
      'features/clients/e',
      'shell/h',
      'routes/j',
    ]);
    expect(importsOf('lib/x.ts', "import { a } from '../api/a'; import { b } from './b';").filter(forbidden)).toHaveLength(1);
  });

  it('has thin routes: at most 40 lines', () => {
    const routes = files.filter((file) => roomOf(file) === 'routes');
    expect(routes.length).toBeGreaterThan(0);
    expect(routes.filter((file) => lines(read(file)) > 40)).toEqual([]);
  });

  it('has no file of more than 300 lines, the generated aside', () => {
    expect(files.filter((file) => !generated.test(file) && lines(read(file)) > 300)).toEqual([]);
  });
});
