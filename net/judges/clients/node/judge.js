// kafkajs for the judges: writes the records that it is given, or prints the records that it reads. See ../README.md.
'use strict'

const { once } = require('node:events')
const readline = require('node:readline')
const { CompressionCodecs, CompressionTypes, Kafka, logLevel } = require('kafkajs')
const lz4 = require('lz4-napi')
const { ZstdCodec } = require('zstd-codec')

const PATIENCE_MS = 120_000
const BATCH_RECORDS = 500
const CODECS = {
  none: CompressionTypes.None, gzip: CompressionTypes.GZIP, snappy: CompressionTypes.Snappy,
  lz4: CompressionTypes.LZ4, zstd: CompressionTypes.ZSTD
}

// kafkajs compresses by gzip itself, and leaves the others to packages.
const codecOf = (compress, decompress) => () => ({
  compress: async encoder => Buffer.from(await compress(encoder.buffer)),
  decompress: async buffer => Buffer.from(await decompress(buffer))
})
async function addCodecs () {
  const zstd = await new Promise(resolve => ZstdCodec.run(library => resolve(new library.Streaming())))
  CompressionCodecs[CompressionTypes.Snappy] = require('kafkajs-snappy')
  CompressionCodecs[CompressionTypes.LZ4] = codecOf(lz4.compressFrame, lz4.decompressFrame)
  CompressionCodecs[CompressionTypes.ZSTD] = codecOf(bytes => zstd.compress(bytes), bytes => zstd.decompress(bytes))
}

const decoded = field => field === null ? null : Buffer.from(field, 'base64')
const encoded = field => field === null || field === undefined ? null : Buffer.from(field).toString('base64')

async function produce (kafka, topic, codec) {
  const producer = kafka.producer()
  await producer.connect()
  let messages = []
  const send = async () => {
    await producer.send({ topic, acks: -1, compression: CODECS[codec], messages })
    messages = []
  }
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const { partition, timestamp, key, value, headers } = JSON.parse(line)
    messages.push({
      partition, timestamp: String(timestamp), key: decoded(key), value: decoded(value),
      headers: Object.fromEntries(headers.map(header => [header.name, decoded(header.value)]))
    })
    if (messages.length === BATCH_RECORDS) await send()
  }
  if (messages.length > 0) await send()
  await producer.disconnect()
}

// kafkajs reads in a group only.
async function consume (kafka, topics) {
  const admin = kafka.admin()
  await admin.connect()
  let left = 0
  for (const topic of topics) {
    for (const { high } of await admin.fetchTopicOffsets(topic)) left += Number(high)
  }
  await admin.disconnect()
  const consumer = kafka.consumer({ groupId: `kafkajs-${process.pid}` })
  await consumer.connect()
  await consumer.subscribe({ topics, fromBeginning: true })
  await new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`${left} records do not come`)), PATIENCE_MS)
    consumer.on(consumer.events.CRASH, event => reject(event.payload.error))
    const eachBatch = async ({ batch: { topic, partition, messages } }) => {
      for (const { offset, timestamp, key, value, headers } of messages) {
        const named = Object.entries(headers).map(([name, value]) => ({ name, value: encoded(value) }))
        const line = JSON.stringify({
          topic, partition, offset: Number(offset), timestamp: Number(timestamp), key: encoded(key), value: encoded(value),
          headers: named
        })
        if (!process.stdout.write(line + '\n')) await once(process.stdout, 'drain')
      }
      left -= messages.length
      if (left > 0) return
      clearTimeout(late)
      resolve()
    }
    consumer.run({ autoCommit: false, eachBatch }).catch(reject)
  })
  await consumer.disconnect()
}

async function main () {
  const [verb, address, topics, codec] = process.argv.slice(2)
  const kafka = new Kafka({ brokers: [address], logLevel: logLevel.ERROR })
  await addCodecs()
  if (verb === 'produce' && codec in CODECS) await produce(kafka, topics, codec)
  else if (verb === 'consume' && topics) await consume(kafka, topics.split(','))
  else throw new Error('usage: produce ADDRESS TOPIC CODEC | consume ADDRESS TOPIC,TOPIC...')
}

main().catch(error => {
  console.error(error)
  process.exit(1)
})
