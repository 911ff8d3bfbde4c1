;; The one component that may take `pii` off data, so it is written to be read: every instruction is here.
;; It reads a patient and passes on the diagnosis and the decade of birth.
(module
  (import "clinic:records/store" "get" (func $get (param $id i32) (param $length i32) (param $result i32)))

  (memory (export "memory") 1)

  ;; 16: result<patient, error> as `get` writes it     64: result<finding, error> as this component gives it
  ;;     16  u8   1 if it failed                           64  u8   1 if it failed
  ;;     36  u16  born                                     68  string diagnosis   (or the error, 12 bytes)
  ;;     48  string diagnosis                              76  u16  decade
  ;;     20  the error, 12 bytes
  (global $top (mut i32) (i32.const 128))

  (func (export "clinic:privacy/anonymizer#anonymize") (param $id i32) (param $length i32) (result i32)
    (call $get (local.get $id) (local.get $length) (i32.const 16))
    (i32.store8 (i32.const 64) (i32.load8_u (i32.const 16)))
    (if (i32.load8_u (i32.const 16))
      (then
        (i32.store (i32.const 68) (i32.load (i32.const 20)))
        (i64.store align=4 (i32.const 72) (i64.load align=4 (i32.const 24))))
      (else
        (i64.store align=4 (i32.const 68) (i64.load align=4 (i32.const 48)))
        ;; born - born % 10
        (i32.store16 (i32.const 76)
          (i32.sub
            (i32.load16_u (i32.const 36))
            (i32.rem_u (i32.load16_u (i32.const 36)) (i32.const 10))))))
    (i32.const 64))

  (func (export "cabi_post_clinic:privacy/anonymizer#anonymize") (param i32)
    (global.set $top (i32.const 128)))

  ;; Nothing is ever made larger here, so `old` is not looked at.
  (func (export "cabi_realloc") (param $old i32) (param $old_size i32) (param $alignment i32) (param $size i32) (result i32)
    (local $at i32)
    (local.set $at
      (i32.and
        (i32.add (global.get $top) (i32.sub (local.get $alignment) (i32.const 1)))
        (i32.sub (i32.const 0) (local.get $alignment))))
    (global.set $top (i32.add (local.get $at) (local.get $size)))
    (block $enough
      (br_if $enough
        (i32.le_u (global.get $top) (i32.shl (memory.size) (i32.const 16))))
      (br_if $enough
        (i32.ne (memory.grow (i32.add (i32.shr_u (local.get $size) (i32.const 16)) (i32.const 1))) (i32.const -1)))
      unreachable)
    (local.get $at)))
