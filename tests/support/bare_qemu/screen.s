# What a machine without an operating system runs: a picture for each key and for each click, as a boot sector.
#
# A key fills the screen with a pattern of its character, a mouse button that goes down with one of the mask of those
# that are down (0x80 added). "b" goes on with one pattern after the other, a burst, until the next key. Graphics mode
# 13h: 320x200, a byte a pixel, and no cursor that blinks.

    .code16
    .globl  start               # at 0x7c00 of segment 0
start:
    xor     %ax, %ax
    mov     %ax, %ds
    mov     %ax, %es
    mov     $0x0013, %ax
    int     $0x10
    mov     $0xc205, %ax        # the mouse: packets of three bytes, who gets them, on
    mov     $0x03, %bh
    int     $0x15
    mov     $0xc207, %ax
    mov     $mouse, %bx
    int     $0x15
    mov     $0xc200, %ax
    mov     $0x01, %bh
    int     $0x15
    push    $0xa000             # the screen's memory
    pop     %es
wait:
    hlt
    mov     $0x01, %ah
    int     $0x16               # is there a key?
    jnz     key
    xor     %al, %al
    xchg    %al, clicked
    or      %al, %al
    jz      wait
    jmp     paint
key:
    xor     %ah, %ah
    int     $0x16               # its character in %al
paint:
    mov     %al, %bl
    mov     %al, %bh
fill:
    xor     %di, %di
    mov     $64000, %cx
dot:
    mov     %di, %ax
    add     %ah, %al
    add     %bl, %al
    stosb
    loop    dot
    cmp     $'b', %bh
    jne     wait
    inc     %bl
    mov     $0x01, %ah
    int     $0x16
    jz      fill
    jmp     key

# The BIOS calls it for each packet: status, x, y and nothing are on the stack, then the way back.
mouse:
    push    %bp
    mov     %sp, %bp
    push    %ax
    mov     12(%bp), %al
    and     $0x07, %al
    cmp     %al, %cs:down
    mov     %al, %cs:down
    je      same
    or      %al, %al
    jz      same
    or      $0x80, %al
    mov     %al, %cs:clicked
same:
    pop     %ax
    pop     %bp
    lret

down:       .byte 0
clicked:    .byte 0

    .org    510
    .word   0xaa55
