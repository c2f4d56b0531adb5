// atrest-server through the public Node client of NATS Streaming:
//   NODE_PATH=.../node_modules node node_client_test.js PATH-TO-ATREST-SERVER
// Leaves with 77 where the client is not installed, which CTest takes as skipped.
'use strict'
const { spawn } = require('child_process')
const assert = require('assert')
const fs = require('fs')
const os = require('os')
const path = require('path')

let stan
try {
  stan = require('node-nats-streaming')
} catch (error) {
  console.log('skipped: node-nats-streaming is not installed; ci/run.py test installs it')
  process.exit(77)
}

const SERVER = process.argv[2]
const WAIT_MS = 20000
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'atrest.'))
const children = []

function bounded (promise, what) {
  let timer
  const late = new Promise((resolve, reject) => {
    timer = setTimeout(() => reject(new Error('not within the bound: ' + what)), WAIT_MS)
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}

function start (...options) {
  const child = spawn(SERVER, ['-a', '127.0.0.1', '-p', '-1', ...options], {
    env: { ...process.env, NATS_STREAMING_ENCRYPTION_KEY: 'the key of this test' },
    stdio: ['ignore', 'ignore', 'pipe']
  })
  children.push(child)
  let log = ''
  return bounded(new Promise((resolve, reject) => {
    child.on('exit', () => reject(new Error('the server left:\n' + log)))
    child.stderr.on('data', data => {
      log += data
      const port = /Listening for client connections on 127\.0\.0\.1:(\d+)/.exec(log)
      if (port && log.includes('Streaming Server is ready')) {
        resolve({ child, url: 'nats://127.0.0.1:' + port[1], log: () => log })
      }
    })
  }), 'the start')
}

function stop (server) {
  return bounded(new Promise(resolve => {
    server.child.removeAllListeners('exit')
    server.child.on('exit', resolve)
    server.child.kill('SIGTERM')
  }), 'the end')
}

function connect (server, name) {
  return bounded(new Promise((resolve, reject) => {
    const client = stan.connect('test-cluster', name, { url: server.url, reconnect: false })
    client.on('connect', () => resolve(client))
    client.on('error', reject)
  }), 'connecting ' + name)
}

const close = client => bounded(new Promise(resolve => {
  client.on('close', resolve)
  client.close()
}), 'closing')

const publish = (client, channel, payload) => bounded(new Promise((resolve, reject) => {
  client.publish(channel, payload, error => error ? reject(error) : resolve())
}), 'publishing')

// A subscription, once it is ready; next() is its next message.
function subscribe (client, channel, group, edit) {
  const options = client.subscriptionOptions().setManualAckMode(true)
  if (edit) edit(options)
  const subscription = group ? client.subscribe(channel, group, options)
    : client.subscribe(channel, options)
  const messages = []
  const waiting = []
  subscription.on('message', message => {
    if (waiting.length) waiting.shift()(message); else messages.push(message)
  })
  return bounded(new Promise((resolve, reject) => {
    subscription.on('error', reject)
    subscription.on('ready', () => resolve({
      subscription,
      next: () => bounded(messages.length ? Promise.resolve(messages.shift())
        : new Promise(resolve => waiting.push(resolve)), 'a message')
    }))
  }), 'subscribing')
}

const closed = subscription => bounded(new Promise(resolve => {
  subscription.on('closed', resolve)
  subscription.close()
}), 'closing a subscription')

async function main () {
  const store = ['-st', 'FILE', '-dir', path.join(folder, 'store'), '-encrypt']
  const first = await start(...store)
  const client = await connect(first, 'a')
  await assert.rejects(connect(first, 'a'), error => /clientID already registered/.test(error))
  for (let number = 1; number <= 100; number++) await publish(client, 'foo', 'message ' + number)
  await assert.rejects(publish(client, 'foo.*', 'x'), error => /invalid publish request/.test(error))

  const all = await subscribe(client, 'foo', '', options => options.setDeliverAllAvailable())
  for (let number = 1; number <= 100; number++) {
    const message = await all.next()
    assert.strictEqual(message.getSequence(), number)
    assert.strictEqual(message.getData(), 'message ' + number)
    assert.strictEqual(message.isRedelivered(), false)
    message.ack()
  }
  const last = await subscribe(client, 'foo', '', options => options.setStartWithLastReceived())
  assert.strictEqual((await last.next()).getSequence(), 100)

  // A durable goes on where it stopped, also in another server on the same store.
  const durable = options => options.setDeliverAllAvailable().setDurableName('d')
  let kept = await subscribe(client, 'foo', '', durable)
  for (let number = 1; number <= 10; number++) (await kept.next()).ack()
  await closed(kept.subscription)
  await assert.doesNotReject(close(client))
  assert.strictEqual(await stop(first), 143)

  const second = await start(...store)
  const again = await connect(second, 'a')
  kept = await subscribe(again, 'foo', '', durable)
  assert.strictEqual((await kept.next()).getSequence(), 11)

  // A group gets each message once, and what a member leaves goes to the other.
  const members = [await subscribe(again, 'bar', 'g'), await subscribe(again, 'bar', 'g')]
  await publish(again, 'bar', 'one')
  await publish(again, 'bar', 'two')
  const got = [await members[0].next(), await members[1].next()]
  assert.deepStrictEqual(got.map(message => message.getSequence()).sort(), [1, 2])
  got[1].ack()
  await closed(members[0].subscription)
  const handed = await members[1].next()
  assert.strictEqual(handed.getSequence(), got[0].getSequence())
  assert.strictEqual(handed.isRedelivered(), true)
  assert.ok(handed.getRedeliveryCount() > 0)
  await close(again)
  assert.strictEqual(await stop(second), 143)
}

main().then(() => 0, error => {
  console.error(error)
  return 1
}).then(code => {
  for (const child of children) child.kill('SIGKILL')
  fs.rmSync(folder, { recursive: true, force: true })
  process.exit(code)
})
