import { DEFAULT_THEME } from '@mantine/core';
import { describe, expect, it } from 'vitest';
import { agentsOf, bucketLabel, bucketsOf, byWhom, colorsOf, othersColor, palette } from './series';

const agent = (client_id: string) => ({ client_id, name: `Agent ${client_id}`, type: 'langchain' });

function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const c = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
  const [low = 0, high = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
}

describe('colours', () => {
  it.each([...palette, othersColor])('%s stands out in light and dark', (color) => {
    const [name = '', shade = ''] = color.split('.');
    const hex = DEFAULT_THEME.colors[name]?.[Number(shade)] ?? '';
    expect(contrast(hex, '#ffffff')).toBeGreaterThanOrEqual(3);
    expect(contrast(hex, DEFAULT_THEME.colors.dark[7])).toBeGreaterThanOrEqual(3);
  });

  it('does not repeat while the palette lasts, and goes on after it', () => {
    const ids = Array.from({ length: palette.length }, (_, i) => `agent-${i}`);
    expect(new Set(colorsOf(ids).values()).size).toBe(palette.length);
    expect(colorsOf([...ids, 'one-more', 'two-more']).size).toBe(palette.length + 2);
  });

  it('does not depend on the order of agents', () => {
    expect(colorsOf(['a', 'b', 'c'])).toEqual(colorsOf(['c', 'a', 'b']));
  });
});

describe('series', () => {
  const series = [
    {
      agent: agent('a'),
      points: [
        { start: '2026-05-21T07:00:00Z', issued: 2, refused: 1 },
        { start: '2026-05-21T08:00:00Z', issued: 3, refused: 0 },
      ],
    },
    {
      points: [
        { start: '2026-05-21T07:00:00Z', issued: 5, refused: 4 },
        { start: '2026-05-21T08:00:00Z', issued: 0, refused: 0 },
      ],
    },
  ];

  it('sums each agent, and the others under a name of their own', () => {
    expect(agentsOf(series).map(({ key, name, issued, refused }) => [key, name, issued, refused])).toEqual([
      ['a', 'Agent a', 5, 1],
      ['others', 'All others', 5, 4],
    ]);
    expect(agentsOf(series)[1]?.color).toBe(othersColor);
  });

  it('turns them into buckets, oldest first', () => {
    expect(bucketsOf(series.map((s) => ({ ...s, points: s.points.toReversed() })))).toEqual([
      { start: '2026-05-21T07:00:00Z', values: { a: { issued: 2, refused: 1 }, others: { issued: 5, refused: 4 } } },
      { start: '2026-05-21T08:00:00Z', values: { a: { issued: 3, refused: 0 }, others: { issued: 0, refused: 0 } } },
    ]);
  });

  it('counts no agent for those that are summed', () => {
    const [a, others] = agentsOf(series);
    if (!a || !others) throw new Error('two series make two entries');
    expect([byWhom([a]), byWhom([a, others]), byWhom([others])]).toEqual(['by 1 agent', 'by 1 agent and others', 'by others']);
  });

  it('names days by their day in UTC', () => {
    expect(bucketLabel('2026-05-21T00:00:00Z', 86_400, 'en-GB')).toBe('21 May');
  });
});
