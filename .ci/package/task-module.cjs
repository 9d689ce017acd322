const threads = require('node:worker_threads')

exports.isMainThread = function isMainThread () {
  return threads.isMainThread
}
