;; Starts three times out of four.
(func (export "proxy_on_configure") (param i32 i32) (result i32)
  (drop (call $random (i32.const 8) (i32.const 1)))
  (if (i32.lt_u (i32.load8_u (i32.const 8)) (i32.const 64)) (then (unreachable)))
  (i32.const 1))
