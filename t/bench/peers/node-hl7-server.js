// node-hl7-server that answers AA to each message:
//     node node-hl7-server.js port

const net = require('net')

// it has an option for the address and does not use it
const listen = net.Server.prototype.listen

net.Server.prototype.listen = function (options, ready) {
  return listen.call(this, { ...options, host: '127.0.0.1' }, ready)
}

const { Server } = require('node-hl7-server')

const server = new Server({ bindAddress: '127.0.0.1' })

server.createInbound({ port: Number(process.argv[2]) }, async (req, res) => {
  await res.sendResponse('AA')
})
