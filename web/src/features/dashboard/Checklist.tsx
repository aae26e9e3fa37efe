import { Group, List, Stack, Text, ThemeIcon, VisuallyHidden } from '@mantine/core';
import { IconCheck, IconCircleDashed } from '@tabler/icons-react';
import { useCan } from '@/api/session';
import type { Schema } from '@/api/types';
import { LinkTo } from '@/ui/links';
import { Section } from '@/ui/states';
import { doneCount, type Step, steps } from './checklist';

/** The first steps; the server ticks them off. */
export function Checklist({ done }: { done: Schema<'OverviewChecklist'> }) {
  return (
    <Section
      title="First steps"
      aside={
        <Text fz="sm" c="dimmed" role="status">
          {doneCount(done)} of {steps.length} done
        </Text>
      }
    >
      <List
        type="ordered"
        listStyleType="none"
        spacing="sm"
        styles={{ itemWrapper: { display: 'block', width: '100%' }, itemLabel: { display: 'block', width: '100%' } }}
      >
        {steps.map((step) => (
          <List.Item key={step.key}>
            <StepLine step={step} done={done[step.key]} />
          </List.Item>
        ))}
      </List>
    </Section>
  );
}

function StepLine({ step, done }: { step: Step; done: boolean }) {
  const can = useCan();
  return (
    <Group gap="sm" wrap="nowrap" align="flex-start">
      <ThemeIcon variant="light" radius="xl" size={26} color={done ? 'teal' : 'gray'} aria-hidden>
        {done ? <IconCheck size={16} /> : <IconCircleDashed size={16} />}
      </ThemeIcon>
      <Stack gap={0} style={{ flex: 1, minWidth: 0 }}>
        <Text fw={500} td={done ? 'line-through' : undefined} c={done ? 'dimmed' : undefined}>
          {step.title}
          {done && <VisuallyHidden> (done)</VisuallyHidden>}
        </Text>
        {!done && (
          <Text fz="sm" c="dimmed">
            {step.hint}
          </Text>
        )}
        {!done && can(step.needs) && (
          <LinkTo to={step.to} fz="sm">
            {step.link}
          </LinkTo>
        )}
      </Stack>
    </Group>
  );
}
