import { ActionIcon, Box, Code, CopyButton, Group, Text, Tooltip, VisuallyHidden } from '@mantine/core';
import { IconCheck, IconCopy } from '@tabler/icons-react';
import classes from './copy.module.css';

/** A button that copies; what it did is said to screen readers too. */
function Copy({ value, label }: { value: string; label: string }) {
  return (
    <CopyButton value={value} timeout={2000}>
      {({ copied, copy }) => (
        <>
          <Tooltip label={copied ? 'Copied' : label} withArrow>
            <ActionIcon variant="subtle" color={copied ? 'teal' : 'gray'} onClick={copy} aria-label={label}>
              {copied ? <IconCheck size={18} /> : <IconCopy size={18} />}
            </ActionIcon>
          </Tooltip>
          <VisuallyHidden role="status">{copied ? 'Copied' : ''}</VisuallyHidden>
        </>
      )}
    </CopyButton>
  );
}

/** An identifier with its copy button: `label` names what it is ("Client ID"). */
export function CopyValue({ value, label }: { value: string; label: string }) {
  return (
    <Group gap={4} wrap="nowrap" maw="100%">
      <Code fz="sm" className={classes.value} title={value}>
        {value}
      </Code>
      <Copy value={value} label={`Copy ${label}`} />
    </Group>
  );
}

/** Lines to paste somewhere else. */
export function Snippet({ code, label }: { code: string; label: string }) {
  return (
    <Box className={classes.snippet}>
      <Group justify="space-between" gap="xs" className={classes.head}>
        <Text fz="sm" fw={500}>
          {label}
        </Text>
        <Copy value={code} label={`Copy ${label}`} />
      </Group>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard must reach it (axe: scrollable-region-focusable) */}
      <section className={classes.code} tabIndex={0} aria-label={label}>
        <pre>
          <code>{code}</code>
        </pre>
      </section>
    </Box>
  );
}
