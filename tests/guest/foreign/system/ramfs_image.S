/* The RAMFS inside SYSTEM's image, page-aligned (anos-abi 8.2). RAMFS names the file. */
	.section .ramfs, "a", @progbits
	.balign 4096
	.globl _ramfs_start
_ramfs_start:
	.incbin RAMFS

	.section .note.GNU-stack, "", @progbits
