// Sends messages with node-hl7-client, each when the last one has been
// acknowledged; prints MSA-1 and MSA-2 of each answer.
//
//     node node-hl7-client.js port count [tls]
//
// NODE_PATH says where the package is.

const { Client, Message } = require('node-hl7-client')

const [port, count, tls] = process.argv.slice(2)

const client = new Client({
  host: '127.0.0.1',
  ...(tls && { tls: { rejectUnauthorized: false } })
})

let n = 0


function message (id) {
  const message = new Message({
    messageHeader: {
      msh_9_1: 'ADT',
      msh_9_2: 'A01',
      msh_10: id,
      msh_11_1: 'P'
    }
  })

  message.addSegment('PID').set('3.1', '4711')

  return message
}


async function next () {
  n++

  if (n <= count) {
    await connection.sendMessage(message('N' + n))

  } else {
    await connection.close()
    client.closeAll()
  }
}


const connection = client.createConnection({ port: Number(port) }, async res => {
  const ack = res.getMessage()

  console.log(ack.get('MSA.1').toString(), ack.get('MSA.2').toString())

  await next()
})

connection.on('client.error', error => {
  console.error(error.message)
  process.exit(1)
})

connection.on('connect', next)
