;; A guest that leaves, in words of its own choice: that ends its instance, as a trap does.
(func $on_response (export "proxy_on_response_headers") (param i32 i32 i32) (result i32)
  (call $say @"it leaves")
  (call $exit (i32.const 0))
  (call $say @"it has left")
  (i32.const 0))
