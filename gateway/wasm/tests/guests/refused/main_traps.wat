(func (export "_initialize"))
(func (export "main") (param i32 i32) (result i32) (unreachable))
