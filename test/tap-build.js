// tap compiles its test class with the plugins of .taprc. At its first run after an install it does so too late: that run still
// loads the TypeScript compiler into each process and thread, which more than doubles its time. So this is done before.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

const testClass = readFileSync(new URL(import.meta.resolve('@tapjs/test/test-built')), 'utf8')
if (testClass.includes('@tapjs/typescript')) process.exitCode = spawnSync('tap', ['build'], { stdio: 'inherit' }).status ?? 1
