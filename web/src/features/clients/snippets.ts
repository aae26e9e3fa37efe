import type { Agent, Schema } from '@/api/types';
import { goTemplate, shell, yaml } from './quoting';

type Server = Pick<Schema<'ServerInfo'>, 'public_url'>;

const selectorOf = (agent: Agent, key: string) => agent.selectors.find((s) => s.key === key)?.value;

const podLabels = (agent: Agent): [string, string][] =>
  agent.selectors
    .filter((s) => s.key.startsWith('k8s:pod-label:'))
    .map((s): [string, string] => [s.key.slice('k8s:pod-label:'.length), s.value]);

/** A name that Kubernetes takes (RFC 1123 label). */
export function resourceName(text: string): string {
  const name = text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 63)
    .replace(/^-+|-+$/g, '');
  return name || 'agent';
}

export function exportLines(agent: Agent, server: Server): string {
  const lines = [`export AUTHSEC_BASE_URL=${shell(server.public_url)}`, `export AUTHSEC_AGENT_CLIENT_ID=${shell(agent.client_id)}`];
  if (agent.platform === 'other') lines.push("export AUTHSEC_CLIENT_SECRET_FILE='/run/secrets/authsec-client-secret'");
  return lines.join('\n');
}

/** The guide's Steps 4 and 5. */
export function pythonSnippet(agent: Agent): string {
  const fromEnv = agent.platform === 'other';
  return [
    'import os',
    '',
    'import httpx',
    'from authsec_langchain import AuthsecClient, AuthsecConfig',
    'from langchain_core.tools import tool',
    '',
    ...(fromEnv
      ? ['# Reads the variables above, the client secret among them.', 'authsec = AuthsecClient(AuthsecConfig.from_env())']
      : [
          'authsec = AuthsecClient(AuthsecConfig(',
          '    base_url=os.environ["AUTHSEC_BASE_URL"],',
          '    client_id=os.environ["AUTHSEC_AGENT_CLIENT_ID"],',
          '))',
        ]),
    '',
    'DOWNSTREAM_URL = os.environ["DOWNSTREAM_URL"]',
    '',
    '',
    '@tool',
    'def get_customer_billing(customer_id: str) -> dict:',
    '    """Get billing details for a customer by their ID."""',
    '    jwt_token = authsec.get_delegation_token()',
    '    resp = httpx.get(',
    '        f"{DOWNSTREAM_URL}/billing/customers/{customer_id}",',
    '        headers={"Authorization": f"Bearer {jwt_token}"},',
    '        timeout=5,',
    '    )',
    '    resp.raise_for_status()',
    '    return resp.json()',
  ].join('\n');
}

/** What a Deployment's pods cannot have, said before it. */
function podNotes(agent: Agent): string[] {
  const [name, uid] = [selectorOf(agent, 'k8s:pod-name'), selectorOf(agent, 'k8s:pod-uid')];
  return [
    ...(name === undefined
      ? []
      : [
          `# Its selector k8s:pod-name is ${yaml(name)}, but a Deployment names each pod anew, so none of these would be attested.`,
          '# Make a Pod of this name or a StatefulSet of it instead, or edit the agent and remove the selector.',
        ]),
    ...(uid === undefined
      ? []
      : [
          `# Its selector k8s:pod-uid is ${yaml(uid)}, but Kubernetes gives each pod a new UID, so none of these would be attested.`,
          '# Edit the agent once the pod runs (kubectl get pod NAME -o jsonpath={.metadata.uid}), or remove the selector.',
        ]),
  ];
}

/** A deployment whose pods have the agent's selectors and a projected token for this server. */
export function kubernetesManifest(agent: Agent, server: Server): string {
  const name = resourceName(agent.name);
  const namespace = selectorOf(agent, 'k8s:ns');
  const account = selectorOf(agent, 'k8s:sa');
  const node = selectorOf(agent, 'k8s:node-name');
  const own = podLabels(agent);
  const labels = own.length > 0 ? own : [['app', name] as [string, string]];
  const labelLines = (indent: string) => labels.map(([key, value]) => `${indent}${yaml(key)}: ${yaml(value)}`);
  return [
    ...podNotes(agent),
    'apiVersion: apps/v1',
    'kind: Deployment',
    'metadata:',
    `  name: ${yaml(name)}`,
    ...(namespace === undefined ? [] : [`  namespace: ${yaml(namespace)}`]),
    'spec:',
    '  selector:',
    '    matchLabels:',
    ...labelLines('      '),
    '  template:',
    '    metadata:',
    '      labels:',
    ...labelLines('        '),
    '    spec:',
    ...(account === undefined ? [] : [`      serviceAccountName: ${yaml(account)}`]),
    ...(node === undefined ? [] : [`      nodeName: ${yaml(node)}`]),
    '      containers:',
    `        - name: ${yaml(selectorOf(agent, 'k8s:container-name') ?? 'agent')}`,
    `          image: ${yaml(selectorOf(agent, 'k8s:container-image') ?? 'registry.example.com/agent:1.0')}`,
    '          env:',
    '            - name: AUTHSEC_BASE_URL',
    `              value: ${yaml(server.public_url)}`,
    '            - name: AUTHSEC_AGENT_CLIENT_ID',
    `              value: ${yaml(agent.client_id)}`,
    '            - name: AUTHSEC_WORKLOAD_TOKEN_FILE',
    '              value: /var/run/secrets/authsec/token',
    '          volumeMounts:',
    '            - name: authsec-token',
    '              mountPath: /var/run/secrets/authsec',
    '              readOnly: true',
    '      volumes:',
    '        - name: authsec-token',
    '          projected:',
    '            sources:',
    '              - serviceAccountToken:',
    '                  path: token',
    `                  audience: ${yaml(server.public_url)}`,
    '                  expirationSeconds: 3600',
    '',
  ].join('\n');
}

/** SPIRE's notation; its Docker plugin has a variable as NAME=value. */
const spireSelector = ({ key, value }: Schema<'Selector'>): string =>
  key.startsWith('docker:env:') ? `${key}=${value}` : `${key}:${value}`;

/** SPIRE's node agents know nothing of the cluster that they are in: whose the parent is says that. */
const spireSelectors = (agent: Agent): string[] => agent.selectors.filter((s) => s.key !== 'k8s:cluster').map(spireSelector);

/** SPIRE attests workloads of these platforms. */
export const hasSpire = (agent: Agent): boolean => ['kubernetes', 'docker', 'unix'].includes(agent.platform);

export function spireEntry(agent: Agent): string {
  return [
    'spire-server entry create',
    `  -spiffeID ${shell(agent.spiffe_id)}`,
    `  -parentID "\${SPIRE_PARENT_ID:?the SPIFFE ID of the node's SPIRE agent}"`,
    ...spireSelectors(agent).map((s) => `  -selector ${shell(s)}`),
  ].join(' \\\n');
}

/** One per cluster has the name: the end of the Client ID tells agents apart whose names come out alike. */
const clusterWideName = (agent: Agent): string =>
  `${resourceName(agent.name).slice(0, 50).replace(/-+$/, '')}-${agent.client_id.slice(-12)}`;

/** The same for the SPIRE controller manager; its selectors are Go templates. */
export function clusterSpiffeId(agent: Agent): string {
  const namespace = selectorOf(agent, 'k8s:ns');
  const labels = podLabels(agent);
  return [
    'apiVersion: spire.spiffe.io/v1alpha1',
    'kind: ClusterSPIFFEID',
    'metadata:',
    `  name: ${yaml(clusterWideName(agent))}`,
    'spec:',
    `  spiffeIDTemplate: ${yaml(goTemplate(agent.spiffe_id))}`,
    ...(namespace === undefined
      ? []
      : ['  namespaceSelector:', '    matchLabels:', `      kubernetes.io/metadata.name: ${yaml(namespace)}`]),
    ...(labels.length === 0
      ? []
      : ['  podSelector:', '    matchLabels:', ...labels.map(([key, value]) => `      ${yaml(key)}: ${yaml(value)}`)]),
    '  workloadSelectorTemplates:',
    ...spireSelectors(agent).map((s) => `    - ${yaml(goTemplate(s))}`),
    '',
  ].join('\n');
}
