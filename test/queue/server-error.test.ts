import { test } from 'tap'
import { isIncurable, isNotOurs, isOfReplica, isRefusal, isUnsent, withoutArguments } from '../../lib/queue/server-error.js'

test('of an error of a server only the name, the code, the message and the stack are kept', async (t) => {
  const error = Object.assign(new TypeError('too large \0'), { code: 'OOM', command: { name: 'evalsha', args: ['secret'] }, detail: 'secret', where: 'secret', query: 'secret' })
  const copy = withoutArguments(error)
  t.same(Object.getOwnPropertyNames(copy).sort(), ['code', 'message', 'name', 'stack'])
  t.match(copy, { name: 'TypeError', code: 'OOM', message: 'too large \ufffd' })
  t.match(copy.stack, 'server-error.test')
  t.notMatch(JSON.stringify([copy, copy.message, copy.stack]), /secret/)
})

test('what is no error, or has no message, becomes an error with one', async (t) => {
  t.equal(withoutArguments('text').message, 'text')
  t.equal(withoutArguments(undefined).message, 'undefined')
  t.equal(withoutArguments(new AggregateError([new Error('connect ECONNREFUSED ::1'), new Error('connect ECONNREFUSED 127.0.0.1')])).message, 'connect ECONNREFUSED ::1, connect ECONNREFUSED 127.0.0.1')
  t.equal(withoutArguments(new Error('')).message, 'the server is unavailable')
  t.equal(withoutArguments(new Error('x'.repeat(9_000))).message.length, 501)
})

test('errors of servers are told apart by their codes', async (t) => {
  const withCode = (code: unknown, message = '') => Object.assign(new Error(message), { code })
  for (const code of ['28P01', '28000', '3D000', '42501', '42883']) t.ok(isRefusal(withCode(code)), code)
  for (const message of ['WRONGPASS invalid', 'NOAUTH required', 'NOPERM no', 'ERR DB index is out of range', 'SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string', 'The server does not support SSL connections', 'unsupported startup parameter: options']) t.ok(isRefusal(new Error(message)), message)
  for (const error of [withCode('ECONNREFUSED'), withCode('57P03'), withCode('08P01', 'no more connections allowed'), new Error('LOADING'), undefined]) t.notOk(isRefusal(error))
  t.ok(isOfReplica(new Error('READONLY You can\'t write')) && isOfReplica(withCode('25006')))
  t.ok(isUnsent(withCode('ECONNREFUSED')) && isUnsent(new Error('Stream isn\'t writeable and enableOfflineQueue options is false')))
  t.notOk(isUnsent(withCode('ECONNRESET')))
  t.ok(isNotOurs(withCode(-2)) && isIncurable(withCode(-1)) && isIncurable(withCode('22P05')))
  for (const tell of [isOfReplica, isUnsent, isNotOurs, isIncurable]) t.notOk(tell(undefined))
  t.notOk(isIncurable(withCode('40P01')) || isIncurable(new Error('OOM')))
})
