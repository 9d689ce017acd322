import { readdirSync } from 'node:fs'

// The command line runs in processes of its own, some of them killed, which write no coverage.
const lib = readdirSync('lib', { recursive: true }).filter((file) => file.endsWith('.ts') && file !== 'queue/cli.ts').map((file) => `lib/${file}`)

// Programs that tests run as their users do, on the built package or by tsx, are compiled in another way: what was seen of
// them would be taken for other lines.
const runsPrograms = /test\/examples\/|docs\.test|queue\/(command-line|kill)\.test/

export default (test) => runsPrograms.test(test) ? null : lib
