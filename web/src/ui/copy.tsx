import { ActionIcon, Box, Code, Group, Stack, Text, Tooltip, VisuallyHidden } from '@mantine/core';
import { useClipboard } from '@mantine/hooks';
import { IconCheck, IconCopy } from '@tabler/icons-react';
import { type ReactNode, type RefObject, useEffect, useRef } from 'react';
import classes from './copy.module.css';

/**
 * A button that copies, and what it did, which screen readers hear too. Browsers
 * have no clipboard for a page that came by plain http from another machine:
 * there the text is selected, ready for the keyboard.
 */
function useCopy<Shown extends HTMLElement>(
  value: string,
  label: string,
): { shown: RefObject<Shown | null>; button: ReactNode; note: ReactNode } {
  const shown = useRef<Shown>(null);
  const { copy, copied, error } = useClipboard({ timeout: 2000 });
  useEffect(() => {
    if (error && shown.current) window.getSelection()?.selectAllChildren(shown.current);
  }, [error]);
  const button = (
    <>
      <Tooltip label={copied ? 'Copied' : label} withArrow>
        <ActionIcon variant="subtle" color={copied ? 'teal' : 'gray'} onClick={() => copy(value)} aria-label={label}>
          {copied ? <IconCheck size={18} /> : <IconCopy size={18} />}
        </ActionIcon>
      </Tooltip>
      <VisuallyHidden role="status">{copied ? 'Copied' : ''}</VisuallyHidden>
    </>
  );
  const note = error && (
    <Text fz="sm" role="alert">
      The browser lets this page copy nothing. It is selected: press Ctrl+C, or ⌘C.
    </Text>
  );
  return { shown, button, note };
}

interface ValueProps {
  value: string;
  /** What it is ("Client ID"). */
  label: string;
  /** All of it on screen, on as many lines as it takes; else it is cut off to one. */
  whole?: boolean;
}

/** An identifier with its copy button. */
export function CopyValue({ value, label, whole = false }: ValueProps) {
  const { shown, button, note } = useCopy<HTMLElement>(value, `Copy ${label}`);
  return (
    <Stack gap={4} maw="100%">
      <Group gap={4} wrap="nowrap" maw="100%">
        <Code ref={shown} fz="sm" className={whole ? classes.whole : classes.value} title={whole ? undefined : value}>
          {value}
        </Code>
        {button}
      </Group>
      {note}
    </Stack>
  );
}

/** Lines to paste somewhere else. */
export function Snippet({ code, label }: { code: string; label: string }) {
  const { shown, button, note } = useCopy<HTMLPreElement>(code, `Copy ${label}`);
  return (
    <Box className={classes.snippet}>
      <Group justify="space-between" gap="xs" className={classes.head}>
        <Text fz="sm" fw={500}>
          {label}
        </Text>
        {button}
        {note}
      </Group>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard must reach it (axe: scrollable-region-focusable) */}
      <section className={classes.code} tabIndex={0} aria-label={label}>
        <pre ref={shown}>
          <code>{code}</code>
        </pre>
      </section>
    </Box>
  );
}
