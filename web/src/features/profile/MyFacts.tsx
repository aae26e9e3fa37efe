import { Badge, Grid, Group, Text } from '@mantine/core';
import type { Schema } from '@/api/types';
import { Level } from '@/ui/badges';
import { Fact } from '@/ui/Fact';
import { Section } from '@/ui/states';

const powers: Record<Schema<'Level'>, string> = {
  admin: 'You may change everything and delegate every role.',
  member: 'You may delegate the roles you hold.',
  auditor: 'You may read everything and change nothing.',
};

export function MyFacts({ me }: { me: Schema<'Me'> }) {
  return (
    <Section title="Account">
      <Grid gap="md">
        <Grid.Col span={{ base: 12, md: 6 }}>
          <Fact label="Name">{me.user.name || me.user.email}</Fact>
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 6 }}>
          <Fact label="Email">{me.user.email}</Fact>
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 6 }}>
          <Fact label="Level">
            <Level level={me.level} />
            <Text fz="sm" mt={4}>
              {powers[me.level]}
            </Text>
          </Fact>
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 6 }}>
          <Fact label="Roles">
            {me.roles.length === 0 ? (
              'None. An administrator assigns them.'
            ) : (
              <Group gap={6}>
                {me.roles.map((role) => (
                  <Badge
                    key={role}
                    variant="light"
                    color="teal"
                    c="var(--mantine-color-text)"
                    radius="sm"
                    tt="none"
                    maw="100%"
                    title={role}
                  >
                    {role}
                  </Badge>
                ))}
              </Group>
            )}
          </Fact>
        </Grid.Col>
      </Grid>
    </Section>
  );
}
