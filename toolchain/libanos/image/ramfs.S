/* The RAMFS that the packer made, as a section of SYSTEM's image. */
	.section .ramfs, "a", @progbits
	.balign 4096
	.incbin RAMFS
	.section .note.GNU-stack, "", @progbits
