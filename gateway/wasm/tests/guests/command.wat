;;! show: start
;; A module built as a command: `_start` stands in for `_initialize`, and `main` is its own affair.
(func (export "_start") (call $say @"_start"))
(func (export "main") (param i32 i32) (result i32) (call $say @"main") (i32.const 0))
