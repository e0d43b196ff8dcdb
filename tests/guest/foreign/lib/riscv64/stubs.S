/*
 * Call stubs (anos-abi 1.3, 10): the cookie of call N is entry N of the array
 * and goes to a7; arguments stay where they are, and a0:a1 is the C result. A
 * missing cookie is 0 and goes to the kernel, too.
 */
.macro stub name, id
	.section .text.\name, "ax", @progbits
	.globl \name
\name:
	la	t0, __syscall_capabilities
	ld	a7, 8 * \id(t0)
	ecall
	ret
.endm

	stub anos_kprint, 1
	stub anos_kputchar, 2
	stub anos_create_thread, 3
	stub anos_get_mem_info, 4
	stub anos_task_sleep_current, 5
	stub anos_create_process, 6
	stub anos_map_virtual, 7
	stub anos_send_message, 8
	stub anos_recv_message, 9
	stub anos_reply_message, 10
	stub anos_create_channel, 11
	stub anos_destroy_channel, 12
	stub anos_register_channel_name, 13
	stub anos_remove_channel_name, 14
	stub anos_find_named_channel, 15
	stub anos_kill_current_task, 16
	stub anos_unmap_virtual, 17
	stub anos_create_region, 18
	stub anos_destroy_region, 19
	stub anos_map_firmware_tables, 20
	stub anos_map_physical, 21
	stub anos_alloc_physical_pages, 22
	stub anos_alloc_interrupt_vector, 23
	stub anos_wait_interrupt, 24
	stub anos_read_kernel_log, 25
	stub anos_get_framebuffer_phys, 26

	.section .note.GNU-stack, "", @progbits
