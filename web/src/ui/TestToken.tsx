import { Button, FileButton, Group, Select, Stack, Text, Textarea } from '@mantine/core';
import { IconUpload } from '@tabler/icons-react';
import { type ReactNode, useState } from 'react';
import { FormProblem } from './FormProblem';
import { useSave } from './forms';
import { Section } from './states';

interface Props<Verdict, Kind extends string> {
  /** The field: "Workload token". */
  label: string;
  description: string;
  /** What the test tells. */
  children: ReactNode;
  /** As what it is tried, where there is a choice; the first is chosen. */
  kinds?: readonly { value: Kind; label: string }[];
  test: (token: string, kind: Kind) => Promise<Verdict>;
  show: (verdict: Verdict) => ReactNode;
}

const longest = 16_384;

/** "Paste a token or choose a file: here is what comes of it." */
export function TestToken<Verdict, Kind extends string = never>({
  label,
  description,
  children,
  kinds = [],
  test,
  show,
}: Props<Verdict, Kind>) {
  const [token, setToken] = useState('');
  const [kind, setKind] = useState(kinds[0]?.value as Kind);
  const [problem, setProblem] = useState<string | null>(null);
  const [verdict, setVerdict] = useState<Verdict>();
  const { submit, saving, problem: failure } = useSave(async (text: string) => setVerdict(await test(text, kind)));

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
          <Text fz="sm">{children} It is sent to this server alone, and neither stored nor logged.</Text>
          {kinds.length > 0 && (
            <Select
              label="Kind of token"
              allowDeselect={false}
              data={[...kinds]}
              value={kind}
              onChange={(next) => {
                if (next) setKind(next as Kind);
                setVerdict(undefined);
              }}
              maw={320}
            />
          )}
          <Textarea
            label={label}
            description={description}
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
          <div role="status">{verdict !== undefined && show(verdict)}</div>
        </Stack>
      </form>
    </Section>
  );
}
