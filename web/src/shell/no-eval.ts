import { config } from 'zod';

// zod tries whether it may compile its checks; the policy says no, and reports the attempt.
config({ jitless: true });
