;; Only the last lines that were warnings at least are repeated.
(func (export "proxy_on_configure") (param i32 i32) (result i32)
  (drop (call $log (i32.const 4) @"forgotten"))
  (drop (call $log (i32.const 3) @"one"))
  (drop (call $log (i32.const 2) @"chatter"))
  (drop (call $log (i32.const 4) @"two"))
  (drop (call $log (i32.const 4) @"three"))
  (drop (call $log (i32.const 5) @"`keys` is missing"))
  (i32.const 0))
