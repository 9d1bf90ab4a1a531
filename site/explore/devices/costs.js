/* Written by tools/build_devices.py from the package's costs and shapes.

   Counts for one picture of 227 x 227 x 3: weights (with biases), values that
   are kept, multiply-adds of the forward pass. Each is a list: of the whole
   network, of GPU 1's half and of GPU 2's in 2012. `reads` is what each GPU
   gets from the other before the layer. */

var costs = [
  {"name": "input", "weights": [0, 0, 0], "values": [154587, 154587, 154587], "work": [0, 0, 0]},
  {"name": "conv1", "weights": [34944, 17472, 17472], "values": [290400, 145200, 145200], "work": [105415200, 52707600, 52707600]},
  {"name": "norm1", "weights": [0, 0, 0], "values": [290400, 145200, 145200], "work": [0, 0, 0]},
  {"name": "pool1", "weights": [0, 0, 0], "values": [69984, 34992, 34992], "work": [0, 0, 0]},
  {"name": "conv2", "weights": [307456, 153728, 153728], "values": [186624, 93312, 93312], "work": [223948800, 111974400, 111974400]},
  {"name": "norm2", "weights": [0, 0, 0], "values": [186624, 93312, 93312], "work": [0, 0, 0]},
  {"name": "pool2", "weights": [0, 0, 0], "values": [43264, 21632, 21632], "work": [0, 0, 0]},
  {"name": "conv3", "weights": [885120, 442560, 442560], "values": [64896, 32448, 32448], "work": [149520384, 74760192, 74760192], "reads": [21632, 21632]},
  {"name": "conv4", "weights": [663936, 331968, 331968], "values": [64896, 32448, 32448], "work": [112140288, 56070144, 56070144]},
  {"name": "conv5", "weights": [442624, 221312, 221312], "values": [43264, 21632, 21632], "work": [74760192, 37380096, 37380096]},
  {"name": "pool5", "weights": [0, 0, 0], "values": [9216, 4608, 4608], "work": [0, 0, 0]},
  {"name": "fc6", "weights": [37752832, 18876416, 18876416], "values": [4096, 2048, 2048], "work": [37748736, 18874368, 18874368], "reads": [4608, 4608]},
  {"name": "fc7", "weights": [16781312, 8390656, 8390656], "values": [4096, 2048, 2048], "work": [16777216, 8388608, 8388608], "reads": [2048, 2048]},
  {"name": "fc8", "weights": [4097000, 4097000, 0], "values": [1000, 1000, 0], "work": [4096000, 4096000, 0], "reads": [2048, 0]},
  {"name": "softmax", "weights": [0, 0, 0], "values": [1000, 1000, 0], "work": [0, 0, 0]},
];

if (typeof module !== "undefined") module.exports = costs;
