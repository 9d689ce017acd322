import { readdirSync } from 'node:fs'

// The command line runs in processes of its own, some of them killed, which write no coverage.
const lib = readdirSync('lib', { recursive: true }).filter((file) => file.endsWith('.ts') && file !== 'queue/cli.ts').map((file) => `lib/${file}`)

// Examples run as their users run them, on the built package: their tests cover nothing of lib.
export default (test) => test.includes('test/examples/') || test.endsWith('docs.test.ts') ? null : lib
