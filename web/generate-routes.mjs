// Writes src/routeTree.gen.ts as `vite build` does: the router's plugin makes it when Vite reads its settings.
import { resolveConfig } from 'vite';

await resolveConfig({ root: import.meta.dirname }, 'build');
