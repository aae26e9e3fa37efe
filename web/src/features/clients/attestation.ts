import type { Agent, Schema } from '@/api/types';
import { list } from '@/lib/text';

type Mode = Agent['attestation'];

export interface Outlook {
  mode: Mode;
  tone: 'good' | 'warning' | 'danger';
  title: string;
  text: string;
}

/** What an agent will have to prove, and with what; `chosen` is null while the server decides. */
export function outlook(platform: Schema<'Platform'>, chosen: Mode | null, server: Schema<'ServerInfo'>): Outlook {
  const mode = server.attestation_required ? 'required' : (chosen ?? platform.default_attestation);
  const ready = platform.sources.filter((s) => s.configured).map((s) => s.label);
  const help = platform.sources.flatMap((s) => (s.configured || !s.help ? [] : [s.help]));
  const todo = [...new Set(help)].join(' ');
  if (mode === 'permissive') {
    return {
      mode,
      tone: 'danger',
      title: 'This agent will not be attested',
      text: [
        chosen === 'permissive'
          ? 'Permissive: whoever knows its Client ID gets its tokens, marked “attestation: none”.'
          : "Permissive by default: on the server's own machine whoever knows its Client ID gets its tokens, marked “attestation: none”. From elsewhere it gets none.",
        ready.length > 0 ? `${list(ready)} could prove it: choose Required.` : todo,
      ]
        .join(' ')
        .trim(),
    };
  }
  if (ready.length === 0) {
    return {
      mode,
      tone: 'warning',
      title: 'This agent will get no tokens yet',
      text: `It must prove its workload, and nothing here can verify the proof. ${todo}`.trim(),
    };
  }
  return {
    mode,
    tone: 'good',
    title: `This agent will be attested by: ${list(ready)}`,
    text: 'It gets tokens only with this proof.',
  };
}
