import { act, fireEvent, render, screen } from '@testing-library/react';
import { useState } from 'react';
import { expect, it } from 'vitest';
import { useRowFocus } from './focus';

function Rows() {
  const [rows, setRows] = useState(['a', 'b', 'c']);
  const { list, removed } = useRowFocus<HTMLDivElement>();
  return (
    <div ref={list}>
      {rows.map((row, i) => (
        <div key={row} data-row>
          <input aria-label={row} />
          <button
            type="button"
            onClick={() => {
              setRows(rows.filter((r) => r !== row));
              removed(i);
            }}
          >
            Remove {row}
          </button>
        </div>
      ))}
      <button type="button" data-add>
        Add
      </button>
    </div>
  );
}

it('goes on to the row that comes in the place of a removed one, and after the last to what adds one', async () => {
  render(<Rows />);
  const focusAfterRemoving = async (row: string) => {
    await act(async () => fireEvent.click(screen.getByRole('button', { name: `Remove ${row}` })));
    return document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent;
  };
  expect(await focusAfterRemoving('a')).toBe('b');
  expect(await focusAfterRemoving('c')).toBe('Add');
  expect(await focusAfterRemoving('b')).toBe('Add');
});
