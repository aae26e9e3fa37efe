import { Button, FileButton, Group, Stack, Text, Textarea } from '@mantine/core';
import { IconUpload } from '@tabler/icons-react';
import { useState } from 'react';
import type { Schema } from '@/api/types';
import { FormProblem } from '@/ui/FormProblem';
import { useSave } from '@/ui/forms';
import { Section } from '@/ui/states';
import { Verdict } from './Verdict';

interface Props {
  test: (token: string) => Promise<Schema<'WorkloadSourceVerdict'>>;
}

const longest = 16_384;

/** "Paste a token or choose a file: here is what it attests, and which agents it satisfies." */
export function TestToken({ test }: Props) {
  const [token, setToken] = useState('');
  const [problem, setProblem] = useState<string | null>(null);
  const [verdict, setVerdict] = useState<Schema<'WorkloadSourceVerdict'>>();
  const { submit, saving, problem: failure } = useSave(async (text: string) => setVerdict(await test(text)));

  const read = async (file: File | null) => {
    if (!file) return;
    setVerdict(undefined);
    if (file.size > longest) {
      setProblem('That file is too large to be a token.');
      return;
    }
    setProblem(null);
    setToken((await file.text()).trim());
  };
  return (
    <Section title="Test with a token">
      <form
        onSubmit={(e) => {
          e.preventDefault();
          if (!token.trim()) {
            setProblem('Paste a token, or choose its file.');
            return;
          }
          void submit(token.trim());
        }}
      >
        <Stack gap="md">
          <Text fz="sm">
            What a workload's token proves here, and to which agents. It is sent to this server alone, and neither stored nor logged.
          </Text>
          <Textarea
            label="Workload token"
            description="As the workload would send it."
            value={token}
            onChange={(e) => {
              setToken(e.currentTarget.value);
              setProblem(null);
              setVerdict(undefined);
            }}
            error={problem}
            maxLength={longest}
            autosize
            minRows={3}
            maxRows={8}
            autoComplete="off"
            spellCheck={false}
          />
          <FormProblem problem={failure} />
          <Group gap="xs">
            <Button type="submit" variant="default" loading={saving}>
              Test
            </Button>
            <FileButton onChange={(file) => void read(file)}>
              {(props) => (
                <Button {...props} variant="subtle" leftSection={<IconUpload size={16} aria-hidden />}>
                  Choose a file
                </Button>
              )}
            </FileButton>
          </Group>
          <div role="status">{verdict && <Verdict verdict={verdict} />}</div>
        </Stack>
      </form>
    </Section>
  );
}
