(module (memory (export "memory") 1) (global (export "malloc") i32 (i32.const 0))
  (func (export "proxy_abi_version_0_2_1")))
