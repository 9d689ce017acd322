// Which file of lib/ may import which: `npm run structure` fails on a circle, and on an arrow against the direction. Type
// imports count. CONTRIBUTING.md has the same as a map.

/** The floors of lib/, from the highest to the lowest: a file imports files of its own floor and of those below. */
const floors = [
  '^lib/(index|worker|cli)\\.ts$',
  '^lib/(request-hooks|request-tasks|app-tasks|close|app)\\.ts$',
  '^lib/(response-end|task-report|blocked-warning)\\.ts$',
  '^lib/options\\.ts$',
  '^lib/(threads|queue|telemetry)/',
  '^lib/core/(background-tasks?|collection|task-tracker)\\.ts$',
  '^lib/core/(run-task|owner)\\.ts$',
  '^lib/core/(executions|slots)\\.ts',
  '^lib/core/attempt\\.ts$',
  '^lib/core/task\\.ts$',
  '^lib/core/(task-registry|task-context)\\.ts$',
  '^lib/core/task-(options|logger)\\.ts$',
  '^lib/core/(task-function|option-rules)\\.ts$',
  '^lib/core/errors\\.ts$',
  '^lib/core/(describe|timers)\\.ts$'
]

/** These know core alone, and not each other. */
const neighbors = ['threads', 'queue', 'telemetry']

module.exports = {
  forbidden: [
    { name: 'no-circle', severity: 'error', from: {}, to: { circular: true } },
    { name: 'every-file-has-a-floor', severity: 'error', from: {}, to: { path: '^lib/', pathNot: floors } },
    ...floors.slice(1).map((floor, i) => ({
      name: `no-arrow-upward-from-floor-${i + 2}`, severity: 'error', from: { path: floor }, to: { path: floors.slice(0, i + 1) }
    })),
    ...neighbors.map((name) => ({
      name: `${name}-knows-core-alone`, severity: 'error', from: { path: `^lib/${name}/` }, to: { path: '^lib/', pathNot: ['^lib/core/', `^lib/${name}/`] }
    }))
  ],
  options: { tsPreCompilationDeps: true, tsConfig: { fileName: 'tsconfig.json' }, doNotFollow: { path: 'node_modules' }, includeOnly: '^lib/' }
}
