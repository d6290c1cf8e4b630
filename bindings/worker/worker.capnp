# Serves the Worker on a free port, which workerd tells on its control descriptor.
# The paths are those of the folder that `cargo xtask test` puts together: this file, `src/`, and `node_modules/gatelaw/`.

using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [ (name = "gate", worker = .gate) ],
  sockets = [ (name = "http", address = "127.0.0.1:0", http = (), service = "gate") ],
);

const gate :Workerd.Worker = (
  compatibilityDate = "2026-10-01",
  modules = [
    (name = "worker", esModule = embed "src/worker.js"),
    (name = "gatelaw", esModule = embed "../npm/js/index.js"),
    (name = "error.js", esModule = embed "../npm/js/error.js"),
    (name = "gate.js", esModule = embed "../npm/js/gate.js"),
    (name = "policy.js", esModule = embed "../npm/js/policy.js"),
    (name = "internal/answer.js", esModule = embed "../npm/js/internal/answer.js"),
    (name = "internal/arguments.js", esModule = embed "../npm/js/internal/arguments.js"),
    (name = "internal/evaluator.js", esModule = embed "../npm/js/internal/evaluator.js"),
    (name = "internal/frame.js", esModule = embed "../npm/js/internal/frame.js"),
    (name = "internal/instance.js", esModule = embed "../npm/js/internal/instance.js"),
    (name = "internal/module.js", esModule = embed "../npm/js/internal/module.js"),
    (name = "gatelaw/gatelaw.wasm", wasm = embed "../npm/js/wasm/gatelaw.wasm"),
  ],
);
