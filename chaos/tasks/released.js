// A task that each release names anew, and whose old name it drops.
import { defineTask } from 'fastify-background-tasks'
import { workAsync } from './work.js'

const release = process.env.CHAOS_RELEASE
const of = (number) => [`${number}`, 'all'].includes(release) ? defineTask(async (task) => { await workAsync(task) }, { name: `released.${number}` }) : undefined

export const released1 = of(1)
export const released2 = of(2)
export const released3 = of(3)
